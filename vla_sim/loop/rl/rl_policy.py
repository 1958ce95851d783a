"""The RL policy on disk: an encoder's checkpoint, a small actor, and what ties them together."""

import hashlib
import json
from collections.abc import Mapping
from copy import deepcopy
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.torch import load as load_tensors
from safetensors.torch import save as save_tensors
from torch import Tensor

from vla_sim.agents.rl_actor import BlockActor, RlActor
from vla_sim.agents.rl_hand import DirectHand, Hand, ResidualHand
from vla_sim.align.checkpoint import Checkpoint, load_checkpoint
from vla_sim.align.model import AlignModel
from vla_sim.disk import atomic
from vla_sim.envs.task_table import TaskTable
from vla_sim.envs.tasks import TASK_IDS
from vla_sim.errors import BadConfig, DamagedFile, UnknownName
from vla_sim.foreign import is_foreign
from vla_sim.loop.model_bodies import bodies_of_tasks
from vla_sim.loop.rl.rl_base import AlignedBase
from vla_sim.loop.rl.rl_decoder import DecoderActor, LearningDecoder
from vla_sim.loop.rl.rl_features import KINDS, N_NEAR, FrozenFeatures, Kind
from vla_sim.loop.rl.rl_start import CORRECTING, STARTS, StartKind
from vla_sim.records.observation import PolicyInput
from vla_sim.records.triple import N_ACTION_STEPS

INDEX = "finetune.json"
ENCODER = "encoder"
LEARNT = "features_extractor.model."
"""Weights of an encoder that learnt along; the actor sees with these."""
FORMAT = "vla-sim RL policy"
VERSION = 4


@dataclass(frozen=True, kw_only=True)
class PolicyForm:
    """What an actor's weights belong to.

    Attributes:
        task_ids: The tasks it was trained on.
        start: What it began as.
        features: What of the encoder it is given.
        action_repeat: Control steps from one decision to the next.
        scale: Largest correction of a start that corrects the aligned policy; 0 for other starts.
    """

    task_ids: tuple[str, ...]
    start: StartKind
    features: Kind
    action_repeat: int
    scale: float

    def check(self, path: Path) -> None:
        """Refuse what no finetuning writes.

        Raises:
            DamagedFile: If a number is out of range.
            UnknownName: If a name is none.
        """
        for task_id in self.task_ids:
            if task_id not in TASK_IDS and not is_foreign(task_id):
                raise UnknownName("task", task_id, TASK_IDS)
        if self.features not in KINDS:
            raise UnknownName("kind of features", self.features, KINDS)
        if self.start not in STARTS:
            raise UnknownName("start", self.start, STARTS)
        if not self.task_ids:
            raise DamagedFile(f"{path} names no task; finetune again")
        corrects = self.start in CORRECTING
        if self.action_repeat < 1 or not 0.0 <= self.scale <= 1.0:
            raise DamagedFile(f"{path} holds a decision for no step, or a correction of no size")
        if corrects and (self.scale == 0.0 or N_ACTION_STEPS % self.action_repeat):
            raise DamagedFile(f"{path} holds a correction of no size, or of more than one plan")
        if self.start == "decoder" and self.features != "state":
            raise DamagedFile(f"{path} holds a decoder that is given {self.features!r}")


class RlPolicy:
    """Sees pictures, proprioception and words; decides by the mean, without noise."""

    needs_images = True

    def __init__(
        self, form: PolicyForm, encoder: Checkpoint, weights: Mapping[str, Tensor]
    ) -> None:
        """Put a policy together.

        Args:
            form: What the weights belong to.
            encoder: The model that it sees and plans with; where one learnt along, it sees with
                that one.
            weights: Of an actor, and whatever else.

        Raises:
            DamagedFile: If they are of another network.
        """
        table = TaskTable(own=encoder.own_tasks)
        bodies = bodies_of_tasks(form.task_ids, table, encoder.task_body)
        learnt = _learnt(encoder, weights)
        self.form = form
        self.actor: BlockActor
        if form.start == "decoder":
            self.actor = DecoderActor(learning_decoder(form, encoder, bodies), weights)
        else:
            self.actor = RlActor(weights)
        self.hand: Hand = DirectHand()
        self.features: FrozenFeatures | AlignedBase
        if form.start in CORRECTING:
            self.features = AlignedBase.of(encoder, bodies, form.features, learnt)
            self.hand = ResidualHand(self.features, form.scale)
        else:
            self.features = FrozenFeatures(learnt or encoder.model, bodies, form.features)

    @property
    def n_action_steps(self) -> int:
        """Control steps from one decision to the next."""
        return self.form.action_repeat

    def reset(self, ids: NDArray[np.int64]) -> None:
        """Forget what the rows `ids` had begun."""
        self.hand.begin(ids)

    def chunk(self, told: PolicyInput) -> NDArray[np.float32]:
        """The actions until the next decision, (m, n_action_steps, n_act).

        Raises:
            BadConfig: If the task is none that it was trained on.
        """
        if told.task_id not in self.form.task_ids:
            raise BadConfig(
                f"this RL policy was trained on {', '.join(self.form.task_ids)}, not "
                f"{told.task_id}; run it there alone (--tasks)"
            )
        decided = self.actor(self.features.see(told))
        return self.hand.actions(told.row, decided, self.n_action_steps)


def learning_decoder(
    form: PolicyForm, encoder: Checkpoint, bodies: Mapping[str, int]
) -> LearningDecoder:
    """The actor of a decoder start before it has learnt.

    Args:
        form: Of the policy.
        encoder: Whose decoder it is.
        bodies: {task: the model's index of its body}, all of one robot.
    """
    body = next(iter(bodies.values()))
    return LearningDecoder(
        encoder.model.decoder,
        n_near=N_NEAR,
        body=body,
        n_act=encoder.model.bodies[body].n_act,
        n_steps=form.action_repeat,
        scale=form.scale,
    )


def _learnt(encoder: Checkpoint, weights: Mapping[str, Tensor]) -> AlignModel | None:
    """The encoder that learnt along; None where none did."""
    own = {k.removeprefix(LEARNT): v for k, v in weights.items() if k.startswith(LEARNT)}
    if not own:
        return None
    model = deepcopy(encoder.model)  # the one given plans, or is still learning
    try:
        model.load_state_dict(own)
    except RuntimeError as error:
        raise DamagedFile("the policy's weights do not fit its encoder") from error
    return model


def save_rl_policy(
    folder: Path, weights: Mapping[str, Tensor], *, form: PolicyForm, notes: Mapping[str, Any]
) -> None:
    """Write a policy; the encoder's checkpoint lies in the run folder's ENCODER.

    The index is replaced last and names its file by hash: a reader finds the old policy or the new
    one, at any moment.

    Args:
        folder: A run folder, or one in it.
        weights: Of an SB3 policy, and whatever else training needs to go on.
        form: What they belong to.
        notes: Anything that JSON can hold.

    Raises:
        RunFolderError: If the folder cannot be written.
    """
    data = save_tensors({k: v.detach().cpu().contiguous() for k, v in weights.items()})
    digest = hashlib.sha256(data).hexdigest()
    name = f"policy-{digest[:16]}.safetensors"
    index = {
        "format": FORMAT,
        "version": VERSION,
        **asdict(form),
        "weights": {"file": name, "sha256": digest},
        "notes": dict(notes),
    }
    atomic.write_bytes(folder / name, data)
    atomic.write_text(folder / INDEX, json.dumps(index, ensure_ascii=False, indent=1))
    for old in folder.glob("policy-*.safetensors"):
        if old.name != name:
            old.unlink(missing_ok=True)


def read_rl_policy(folder: Path) -> tuple[PolicyForm, dict[str, Tensor], dict[str, Any]]:
    """The index and the weights that `save_rl_policy` wrote.

    Raises:
        DamagedFile: If a file is missing, cut short, altered, or of another kind or version.
    """
    path = folder / INDEX
    try:
        index = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise DamagedFile(f"{path} cannot be read as JSON; finetune again") from error
    if not isinstance(index, dict) or index.get("format") != FORMAT:
        raise DamagedFile(f"{path} is not a {FORMAT}; name the folder that finetune wrote")
    if index.get("version") != VERSION:
        raise DamagedFile(
            f"{path} has version {index.get('version')!r} of the format, this vla-sim reads"
            f" {VERSION}; use the vla-sim that wrote it"
        )
    try:
        file, digest = folder / Path(index["weights"]["file"]).name, index["weights"]["sha256"]
        form = PolicyForm(
            task_ids=tuple(map(str, index["task_ids"])),
            start=index["start"],
            features=index["features"],
            action_repeat=int(index["action_repeat"]),
            scale=float(index["scale"]),
        )
        form.check(path)
        notes = dict(index["notes"])
    except (KeyError, TypeError, ValueError) as error:
        if isinstance(error, (UnknownName, DamagedFile)):
            raise
        raise DamagedFile(f"{path} lacks or garbles {error}; finetune again") from error
    try:
        data = file.read_bytes()
    except OSError as error:
        raise DamagedFile(f"{file} is missing or unreadable; finetune again") from error
    if hashlib.sha256(data).hexdigest() != digest:
        raise DamagedFile(f"{file} is not what was saved: its hash differs; finetune again")
    try:
        weights: dict[str, Tensor] = load_tensors(data)
    except SafetensorError as error:
        raise DamagedFile(f"{file} is no safetensors file; finetune again") from error
    return form, weights, notes


def load_rl_policy(folder: Path) -> RlPolicy:
    """The policy of a finetuning run; it does not depend on batch size or neighbours.

    Raises:
        DamagedFile: If a file is missing, damaged or foreign.
        BadConfig: If its task is one of the user's own and cannot be loaded.
    """
    torch.set_num_threads(1)
    form, weights, _ = read_rl_policy(folder)
    return RlPolicy(form, load_checkpoint(folder / ENCODER), weights)
