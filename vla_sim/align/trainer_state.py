"""The state of a trainer: all that its next step depends on."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from vla_sim.align.curriculum import CurriculumState
from vla_sim.errors import DamagedFile

if TYPE_CHECKING:
    from vla_sim.align.trainer import AlignTrainer


@dataclass(frozen=True, kw_only=True)
class TrainerState:
    """All that the next step depends on: tensors, and numbers that JSON keeps exactly."""

    tensors: Mapping[str, Tensor]
    meta: Mapping[str, Any]


def state_of(trainer: "AlignTrainer") -> TrainerState:
    """The state, copied.

    Sentence features that are kept are no part of it and are dropped here, so that going on from
    the state and never having stopped are the same.
    """
    model = trainer.model
    if model.learns_words:
        model.forget_texts()
    tensors = {
        f"model.{name}": value.detach().clone() for name, value in model.state_dict().items()
    }
    tensors |= {f"optimiser.{name}": value for name, value in trainer.optimiser.state().items()}
    tensors |= {f"reconciler.{name}": value for name, value in trainer.reconciler.state().items()}
    tensors["eye_error"] = trainer.forcing.eye_error.mean_MQ.clone()
    contrast, contrast_meta = trainer.contrast.state()
    tensors |= {f"contrast.{name}": value for name, value in contrast.items()}
    tensors["random.own"] = trainer.generator.get_state()
    tensors["random.torch"] = torch.get_rng_state()
    meta = {
        "n_steps": trainer.n_steps,
        "fraction": trainer.fraction,
        "frozen": list(trainer.frozen),
        "curriculum": asdict(trainer.curriculum),
        "contrast": contrast_meta,
        "pulls": trainer.pulls.state(),
    }
    return TrainerState(tensors=tensors, meta=meta)


def put_back(trainer: "AlignTrainer", state: TrainerState) -> None:
    """Let a trainer with the same settings go on from a state.

    Raises:
        DamagedFile: If the state does not fit its model.
    """
    weights = _part(state.tensors, "model.")
    expected = {name: value.shape for name, value in trainer.model.state_dict().items()}
    moments = _part(state.tensors, "optimiser.")
    if state.meta["n_steps"] and not moments:
        raise DamagedFile("the training state lacks the optimiser's moments; start afresh")
    if {name: value.shape for name, value in weights.items()} != expected:
        raise DamagedFile("the training state belongs to a model with other settings")
    trainer.model.load_state_dict(weights)
    trainer.model.forget_texts()
    trainer.freeze(state.meta["frozen"])
    trainer.optimiser.load_state(moments)
    trainer.reconciler.load_state(_part(state.tensors, "reconciler."))
    trainer.forcing.eye_error.mean_MQ = state.tensors["eye_error"].to(trainer.device).clone()
    trainer.generator.set_state(state.tensors["random.own"])
    torch.set_rng_state(state.tensors["random.torch"])
    trainer.n_steps = int(state.meta["n_steps"])
    trainer.fraction = float(state.meta["fraction"])
    trainer.curriculum = CurriculumState(**state.meta["curriculum"])
    trainer.contrast.load_state(
        _part(state.tensors, "contrast."), state.meta.get("contrast", {}), trainer.device
    )
    trainer.pulls.load_state(state.meta["pulls"])


def _part(tensors: Mapping[str, Tensor], prefix: str) -> dict[str, Tensor]:
    """The tensors whose names begin with a prefix, under the rest of their names."""
    return {k.removeprefix(prefix): v for k, v in tensors.items() if k.startswith(prefix)}
