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
CONTRAST = "learner.trainer.contrast"
SUPERVISION = "learner.trainer.supervision"
WARM_UP = 200
"""Updates before bank, mining and vote begin: a study's trainings are short."""
EQUAL_TIME = 1.15
"""Updates without the contrastive terms in the CPU time of one with them, in the base of
`vla-sim study ablation`, whose page says what each cost."""


def _weights(value: float, *names: str) -> Mapping[str, object]:
    return {f"{WEIGHTS}.{name}": value for name in names}


def _targets(**kinds: str) -> Mapping[str, object]:
    return {f"{CONTRAST}.targets.{pair}": kind for pair, kind in kinds.items()}


def _negatives(name: str, value: float) -> Mapping[str, object]:
    return {f"{CONTRAST}.warm_up": WARM_UP, f"{CONTRAST}.{name}": value}


def _taught(kind: str, weight: float) -> Mapping[str, object]:
    return {f"{SUPERVISION}.{kind}.weight": weight}


def _fusion(name: str) -> Mapping[str, object]:
    return {"learner.trainer.model.fusion": FUSIONS[name]}


def _reconciling(name: str) -> Mapping[str, object]:
    return {"learner.trainer.reconciling": RECONCILERS[name]}


ARMS: Mapping[str, StudyArm] = {
    BASE: StudyArm(section="5", en="the base: nothing is changed", zh="基准：不作任何改动"),
    # 5.1, 5.6: what is contrasted.
    "no-alignment": StudyArm(
        section="5.6",
        en="no contrastive term at all, and no `outcome`, which is taken of the same clips",
        zh="去掉全部对比项，以及取自同样片段的 `outcome`",
        change=_weights(0.0, *CONTRASTIVE),
    ),
    "no-alignment-longer": StudyArm(
        section="5.6",
        en="no contrastive term, no `outcome`, and as many updates more as their time buys",
        zh="去掉全部对比项与 `outcome`，并用省下的时间多作更新",
        change=_weights(0.0, *CONTRASTIVE),
        longer=EQUAL_TIME,
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
    "eased": StudyArm(
        section="5.6",
        en="a tenth of alignment's gradient into the towers that the policy shares",
        zh="对齐项的梯度只有十分之一传入与策略共用的塔",
        change={f"{CONTRAST}.into_towers": 0.1},
    ),
    "light": StudyArm(
        section="5.6",
        en="contrastive terms a tenth as heavy",
        zh="对比项的权重取十分之一",
        change={
            **_weights(0.03, "contrast_vl", "contrast_la"),
            **_weights(0.015, "contrast_va"),
            **_weights(0.01, "contrast_step"),
            **_weights(0.006, "cycle"),
        },
    ),
    "gates": StudyArm(
        section="5.1",
        en="V-L first, then L-A, then all, each stage behind its gate",
        zh="先 V–L，再 L–A，最后全部，各阶段以门槛相接",
        change={"learner.trainer.curriculum.first": "vl"},
    ),
    "siglip": StudyArm(
        section="5.6",
        en="SigLIP in the place of InfoNCE, a tenth as heavy: its loss is a sum over candidates",
        zh="以 SigLIP 代替 InfoNCE，权重取十分之一：它的损失是对候选求和",
        change={
            "learner.trainer.model.siglip": ("vl", "la", "va", "step"),
            **_weights(0.03, "contrast_vl", "contrast_la"),
            **_weights(0.015, "contrast_va"),
            **_weights(0.01, "contrast_step"),
        },
    ),
    "soft-targets": StudyArm(
        section="5.6",
        en="soft targets: who acts alike, by warped distance, is near",
        zh="软目标：按 DTW 距离，动作相似者也算相近",
        change=_targets(la="dtw", va="dtw", step="dtw"),
    ),
    "equal-outcome": StudyArm(
        section="5.6",
        en="clips and actions that begin and end alike are positives",
        zh="起止相同的片段与动作算正样本",
        change=_targets(va="outcome"),
    ),
    "triple": StudyArm(
        section="5.1",
        en="a triple term: all three vectors in one cone",
        zh="加入三元项：三个向量处于同一锥内",
        change=_weights(0.1, "triple"),
    ),
    "cyclip": StudyArm(
        section="5.6",
        en="both CyCLIP terms",
        zh="加入 CyCLIP 的两项",
        change=_weights(0.01, "cyclip_cross", "cyclip_inner"),
    ),
    "temperatures": StudyArm(
        section="5.1",
        en="temperatures kept from 0.04 to 0.1",
        zh="温度限制在 0.04 到 0.1",
        change={
            f"{CONTRAST}.temperatures.{pair}": (0.04, 0.1) for pair in ("vl", "la", "va", "step")
        },
    ),
    # 5.3: the short and slow first, and the same said otherwise.
    "band": StudyArm(
        section="5.3",
        en="actions of segments from slow to fast",
        zh="片段动作先慢后快地放开带宽",
        change={f"{SUPERVISION}.band.first": 0.25},
    ),
    "paraphrase": StudyArm(
        section="5.3",
        en="a chunk is the same however its words are put",
        zh="同义说法给出同一动作块",
        change=_taught("paraphrase", 1.0),
    ),
    # 5.4: in time.
    "coherency": StudyArm(
        section="5.4",
        en="what is seen to move goes with what is done, in spectrum",
        zh="所见运动与所做动作在频谱上一致",
        change={"learner.trainer.model.motion": True, **_taught("coherency", 0.3)},
    ),
    # 5.5: fusion, which the contrast of a moment and its chunk teaches.
    "late": StudyArm(
        section="5.5",
        en="late fusion instead of cross-attention",
        zh="以后期融合代替交叉注意力",
        change=_fusion("late"),
    ),
    "film": StudyArm(
        section="5.5",
        en="FiLM instead of cross-attention",
        zh="以 FiLM 代替交叉注意力",
        change=_fusion("film"),
    ),
    "gate": StudyArm(
        section="5.5",
        en="a gate instead of cross-attention",
        zh="以门控代替交叉注意力",
        change=_fusion("gate"),
    ),
    "poe": StudyArm(
        section="5.5",
        en="a product of experts instead of cross-attention",
        zh="以专家之积代替交叉注意力",
        change=_fusion("poe"),
    ),
    "moe": StudyArm(
        section="5.5",
        en="a mixture of experts instead of cross-attention",
        zh="以专家混合代替交叉注意力",
        change=_fusion("moe"),
    ),
    "codebook": StudyArm(
        section="5.5",
        en="a shared codebook instead of cross-attention",
        zh="以共享码本代替交叉注意力",
        change=_fusion("codebook"),
    ),
    "fsq": StudyArm(
        section="5.5",
        en="a fixed grid of codes instead of cross-attention",
        zh="以固定码格（FSQ）代替交叉注意力",
        change=_fusion("fsq"),
    ),
    "bag-of-words": StudyArm(
        section="5.2",
        en="the mean of word embeddings as text tower",
        zh="以词向量的平均作为文本塔",
        change={"learner.trainer.model.text": BagTextConfig()},
    ),
    # 5.6: mutual supervision and distillation.
    "jitter": StudyArm(
        section="5.6",
        en="the inner pictures of a clip are shifted in time",
        zh="片段中间的图像在时间上抖动",
        change={"simulators.clip_jitter": 0.4},
    ),
    "masking": StudyArm(
        section="5.6",
        en="clips and sentences that are hidden in part agree",
        zh="被部分遮挡的片段与句子仍一致",
        change=_taught("masking", 0.3),
    ),
    "modality-dropout": StudyArm(
        section="5.6",
        en="picture and words each say what they know alone",
        zh="图像与语言各自单独作答",
        change=_taught("modality_dropout", 0.03),
    ),
    "balance": StudyArm(
        section="5.6",
        en="neither picture nor words decides alone",
        zh="图像与语言谁也不独断",
        change=_taught("balance", 0.3),
    ),
    "reachability": StudyArm(
        section="5.6",
        en="what can be reached in time, from a controller",
        zh="由控制器教“来得及到达”",
        change={"learner.trainer.model.reach": True, **_taught("reachability", 0.3)},
    ),
    "few-labels": StudyArm(
        section="5.6",
        en="actions are learnt from one row in eight",
        zh="只从八分之一的行学习动作",
        change={"learner.memory.label_share": 0.125},
    ),
    "few-labels-no-alignment": StudyArm(
        section="5.6",
        en="one row in eight, no contrastive term, no `outcome`, and as many updates more",
        zh="八分之一的行，去掉全部对比项与 `outcome`，并用省下的时间多作更新",
        change={
            "learner.memory.label_share": 0.125,
            **_weights(0.0, *CONTRASTIVE),
        },
        longer=EQUAL_TIME,
    ),
    "few-labels-pseudo-labels": StudyArm(
        section="5.6",
        en="one row in eight, and pseudo-labels for the others",
        zh="八分之一的行，其余用伪标签",
        change={
            "learner.memory.label_share": 0.125,
            **_taught("pseudo_labels", 1.0),
        },
    ),
    # 5.7: negatives.
    "bank": StudyArm(
        section="5.7",
        en="two batches of a memory bank as further negatives",
        zh="以记忆库的两批作为额外负例",
        change=_negatives("bank.batches", 2.0),
    ),
    "semi-hard": StudyArm(
        section="5.7",
        en="semi-hard negatives count fourfold",
        zh="半难负例计四倍",
        change=_negatives("semi_hard.margin", 0.2),
    ),
    "vote": StudyArm(
        section="5.7",
        en="rows weigh by the mutual vote",
        zh="按三方互投票加权",
        change=_negatives("vote.floor", 0.2),
    ),
    "duplicates": StudyArm(
        section="5.7",
        en="no cap on segments of one meaning in a batch",
        zh="不限制一批中同一含义的片段数",
        change={"learner.memory.max_duplicates": 64},
    ),
    # 5.10: reconciliation.
    "conflict-free": StudyArm(
        section="5.10",
        en="no step against any group of losses",
        zh="任何一组损失都不被逆行",
        change=_reconciling("conflict-free"),
    ),
    "gradnorm": StudyArm(
        section="5.10",
        en="weights by GradNorm",
        zh="以 GradNorm 定权",
        change=_reconciling("gradnorm"),
    ),
    "uncertainty": StudyArm(
        section="5.10",
        en="weights by uncertainty",
        zh="以不确定性定权",
        change=_reconciling("uncertainty"),
    ),
    "pcgrad": StudyArm(
        section="5.10",
        en="PCGrad between behaviour, grounding and alignment",
        zh="在行为、定位与对齐之间使用 PCGrad",
        change=_reconciling("pcgrad"),
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
        en="8 chunks are proposed; measured when the nearest in the aligned space was run, "
        "and not yet what they agree on",
        zh="提出 8 个动作块；测量时执行的是对齐空间中最近的一个，还不是各块一致之处",
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
