"""The RL policy on disk: an encoder's checkpoint, a small actor, and what ties them together."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.torch import load as load_tensors
from safetensors.torch import save as save_tensors
from torch import Tensor

from vla_sim.agents.rl_actor import RlActor
from vla_sim.align.checkpoint import load_checkpoint
from vla_sim.disk import atomic
from vla_sim.envs.task_table import TaskTable
from vla_sim.envs.tasks import TASK_IDS
from vla_sim.errors import BadConfig, DamagedFile, UnknownName
from vla_sim.foreign import is_foreign
from vla_sim.loop.model_bodies import body_of_task
from vla_sim.loop.rl.rl_features import KINDS, FrozenFeatures, Kind
from vla_sim.records.observation import PolicyInput

INDEX = "finetune.json"
ENCODER = "encoder"
LEARNT = "features_extractor.model."
"""Weights of an encoder that learnt along; they replace those of the checkpoint it began with."""
FORMAT = "vla-sim RL policy"
VERSION = 2


@dataclass(frozen=True, kw_only=True)
class RlPolicy:
    """Sees pictures, proprioception and words; its chunk is one action, held for some steps."""

    task_id: str
    features: FrozenFeatures
    actor: RlActor
    n_action_steps: int

    @property
    def needs_images(self) -> bool:
        """It looks."""
        return True

    def chunk(self, told: PolicyInput) -> NDArray[np.float32]:
        """The mean action, without noise, shape (m, n_action_steps, n_act).

        Raises:
            BadConfig: If the task is another than it was trained on.
        """
        if told.task_id != self.task_id:
            raise BadConfig(
                f"this RL policy was trained on {self.task_id}, not {told.task_id}; run it there "
                "alone (--tasks)"
            )
        actions = self.actor(self.features.see(told))
        return np.repeat(actions[:, None], self.n_action_steps, axis=1)


def save_rl_policy(
    folder: Path,
    weights: Mapping[str, Tensor],
    *,
    task_id: str,
    action_repeat: int,
    features: Kind,
    notes: Mapping[str, Any],
) -> None:
    """Write a policy beside its encoder's checkpoint, which lies in `folder / ENCODER`.

    The index is replaced last and names its file by hash: a reader finds the old policy or the new
    one, at any moment.

    Args:
        folder: A run folder.
        weights: Of an SB3 policy, and whatever else training needs to go on.
        task_id: The task it was trained on.
        action_repeat: Control steps that an action lasts.
        features: What of the encoder it is given.
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
        "task_id": task_id,
        "action_repeat": action_repeat,
        "features": features,
        "weights": {"file": name, "sha256": digest},
        "notes": dict(notes),
    }
    atomic.write_bytes(folder / name, data)
    atomic.write_text(folder / INDEX, json.dumps(index, ensure_ascii=False, indent=1))
    for old in folder.glob("policy-*.safetensors"):
        if old.name != name:
            old.unlink(missing_ok=True)


def read_rl_policy(folder: Path) -> tuple[dict[str, Any], dict[str, Tensor]]:
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
        if index["task_id"] not in TASK_IDS and not is_foreign(index["task_id"]):
            raise UnknownName("task", index["task_id"], TASK_IDS)
        if index["features"] not in KINDS:
            raise UnknownName("kind of features", index["features"], KINDS)
        if int(index["action_repeat"]) < 1:
            raise DamagedFile(f"{path} holds an action for no step; finetune again")
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
    return index, weights


def load_rl_policy(folder: Path) -> RlPolicy:
    """The policy of a finetuning run; it does not depend on batch size or neighbours.

    Raises:
        DamagedFile: If a file is missing, damaged or foreign.
        BadConfig: If its task is one of the user's own and cannot be loaded.
    """
    torch.set_num_threads(1)
    index, weights = read_rl_policy(folder)
    encoder = load_checkpoint(folder / ENCODER)
    learnt = {k.removeprefix(LEARNT): v for k, v in weights.items() if k.startswith(LEARNT)}
    if learnt:
        try:
            encoder.model.load_state_dict(learnt)
        except RuntimeError as error:
            raise DamagedFile(f"{folder}: its weights do not fit its encoder") from error
    task_id = str(index["task_id"])
    body = body_of_task(task_id, TaskTable(own=encoder.own_tasks), encoder.task_body)
    return RlPolicy(
        task_id=task_id,
        features=FrozenFeatures(encoder.model, body, index["features"]),
        actor=RlActor(weights),
        n_action_steps=int(index["action_repeat"]),
    )
