"""The table of arms: every mechanism of the chapter that can be switched, and its switch.

To add one: a line, in the place of its section. Where a part has alternatives by name, its value is
the part's config (`FUSIONS["late"]`). An arm that is as its base is refused, so a mechanism that
becomes the default turns into the arm that takes it away.
"""

from collections.abc import Mapping

from vla_sim.align.encoders.text import BagTextConfig
from vla_sim.align.fusion.table import FUSIONS
from vla_sim.align.objective import CONTRASTIVE
from vla_sim.align.priors import PRIORS
from vla_sim.align.reconciling.table import RECONCILERS
from vla_sim.errors import BadConfig, UnknownName
from vla_sim.foreign import is_foreign, load_foreign
from vla_sim.loop.studying.arm import StudyArm

BASE = "base"
"""The arm that changes nothing."""
WEIGHTS = "learner.trainer.weights"


def _weights(value: float, *names: str) -> Mapping[str, object]:
    return {f"{WEIGHTS}.{name}": value for name in names}


ARMS: Mapping[str, StudyArm] = {
    BASE: StudyArm(section="5", en="the base: nothing is changed", zh="基准：不作任何改动"),
    # 5.1, 5.6: what is contrasted. Soft targets, SigLIP, a triple term and CyCLIP belong here.
    "no-alignment": StudyArm(
        section="5.6",
        en="no contrastive term at all",
        zh="去掉全部对比项",
        change=_weights(0.0, *CONTRASTIVE),
    ),
    "no-vl": StudyArm(
        section="5.2", en="no V-L contrast", zh="去掉 V–L 对比", change=_weights(0.0, "contrast_vl")
    ),
    "no-la": StudyArm(
        section="5.3", en="no L-A contrast", zh="去掉 L–A 对比", change=_weights(0.0, "contrast_la")
    ),
    "no-va": StudyArm(
        section="5.4", en="no V-A contrast", zh="去掉 V–A 对比", change=_weights(0.0, "contrast_va")
    ),
    "no-step": StudyArm(
        section="5.4",
        en="no contrast of a moment and its next chunk",
        zh="去掉时刻与其动作块的对比",
        change=_weights(0.0, "contrast_step"),
    ),
    "no-cycle": StudyArm(
        section="5.4", en="no cycle term", zh="去掉循环一致项", change=_weights(0.0, "cycle")
    ),
    "no-gates": StudyArm(
        section="5.1",
        en="all contrastive terms from the first update on, no gate",
        zh="不设门槛，全部对比项从第一次更新开始",
        change={"learner.trainer.curriculum.first": "all"},
    ),
    # 5.3: short sequences first, paraphrase consistency.
    # 5.4: spectral coherency.
    # 5.5: fusion, which the contrast of a moment and its chunk teaches. PoE, MoE and codebooks
    # belong here.
    "late": StudyArm(
        section="5.5",
        en="late fusion instead of cross-attention",
        zh="以后期融合代替交叉注意力",
        change={"learner.trainer.model.fusion": FUSIONS["late"]},
    ),
    "film": StudyArm(
        section="5.5",
        en="FiLM instead of cross-attention",
        zh="以 FiLM 代替交叉注意力",
        change={"learner.trainer.model.fusion": FUSIONS["film"]},
    ),
    "gate": StudyArm(
        section="5.5",
        en="a gate instead of cross-attention",
        zh="以门控代替交叉注意力",
        change={"learner.trainer.model.fusion": FUSIONS["gate"]},
    ),
    "bag-of-words": StudyArm(
        section="5.2",
        en="the mean of word embeddings as text tower",
        zh="以词向量的平均作为文本塔",
        change={"learner.trainer.model.text": BagTextConfig()},
    ),
    # 5.6: mutual supervision and distillation. Jitter, masking, pseudo-labels, modality dropout
    # and reachability belong here.
    "few-labels": StudyArm(
        section="5.6",
        en="actions are learnt from one row in eight",
        zh="只从八分之一的行学习动作",
        change={"learner.memory.label_share": 0.125},
    ),
    "few-labels-no-alignment": StudyArm(
        section="5.6",
        en="one row in eight, and no contrastive term",
        zh="八分之一的行，且去掉全部对比项",
        change={
            "learner.memory.label_share": 0.125,
            **_weights(0.0, *CONTRASTIVE),
        },
    ),
    # 5.7: negatives. A memory bank, semi-hard mining and the vote of three belong here.
    "duplicates": StudyArm(
        section="5.7",
        en="no cap on segments of one meaning in a batch",
        zh="不限制一批中同一含义的片段数",
        change={"learner.memory.max_duplicates": 64},
    ),
    # 5.10: reconciliation. Conflict-free, GradNorm and uncertainty belong here.
    "pcgrad": StudyArm(
        section="5.10",
        en="PCGrad between behaviour, grounding and alignment",
        zh="在行为、定位与对齐之间使用 PCGrad",
        change={"learner.trainer.reconciling": RECONCILERS["pcgrad"]},
    ),
    "no-priors": StudyArm(
        section="5.10",
        en="no physical prior",
        zh="去掉物理先验",
        change=_weights(0.0, *PRIORS),
    ),
    # What acts on the space of the base; nothing is trained anew.
    "no-ensemble": StudyArm(
        section="5.4",
        en="chunks are run as they are, not blended with the one before",
        zh="动作块原样执行，不与上一个混合",
        acting={"ensemble": 0.0},
    ),
    "guidance": StudyArm(
        section="5.2",
        en="guidance 1.5 away from what no words give",
        zh="以 1.5 的引导远离“没有语言”时的动作",
        acting={"guidance": 1.5},
    ),
    "proposals": StudyArm(
        section="5.1",
        en="8 chunks are proposed, and the nearest in the aligned space is run",
        zh="提出 8 个动作块，执行对齐空间中最近的一个",
        acting={"proposals": 8},
    ),
}


def arm_of(name: str) -> StudyArm:
    """An arm by its name in the table, or one of the user's own, as module:name.

    Raises:
        UnknownName: If there is none.
        BadConfig: If what lies there cannot be loaded, or is no arm.
    """
    if not is_foreign(name):
        if name not in ARMS:
            raise UnknownName("arm", name, ARMS, most=len(ARMS))
        return ARMS[name]
    found = load_foreign(name, "arm")
    if not isinstance(found, StudyArm):
        raise BadConfig(f"the arm {name!r} is {type(found).__name__}; make it a StudyArm")
    return found


def name_of(arm: str) -> str:
    """What an arm is called in tables; of the user's own, what stands behind its place."""
    return arm.rpartition(":")[2]
