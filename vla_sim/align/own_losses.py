"""Losses of the user's own: a function of what the policy made of a batch, with a weight.

Legend: B pictures, G goals a picture, K chunk steps, A action components; see `PolicyOutput`.
"""

from collections.abc import Mapping
from typing import Protocol, cast

from torch import Tensor

from vla_sim.align.batch import StepBatch
from vla_sim.align.model import AlignModel, PolicyOutput
from vla_sim.errors import BadConfig
from vla_sim.foreign import load_foreign


class OwnLoss(Protocol):
    """From one step's policy output to a number that is to become small."""

    def __call__(self, model: AlignModel, batch: StepBatch, out: PolicyOutput) -> Tensor:
        """The loss, a scalar before its weight.

        Args:
            model: The model; `model.bodies` and `model.normaliser` give units.
            batch: B moments with the expert's labels for G goals each; `weight_BG` is 0 for goals
                that are none.
            out: What the policy made of them.
        """
        ...


def load_losses(names: Mapping[str, float]) -> dict[str, OwnLoss]:
    """The functions that names say the place of, under the same names.

    Raises:
        BadConfig: If one cannot be loaded, or is no function.
        UnknownName: If its module does not hold it.
    """
    losses: dict[str, OwnLoss] = {}
    for name in names:
        found = load_foreign(name, "loss")
        if not callable(found):
            raise BadConfig(f"the loss {name!r} is {type(found).__name__}, not a function")
        losses[name] = cast(OwnLoss, found)
    return losses


def own_terms(
    losses: Mapping[str, OwnLoss], model: AlignModel, batch: StepBatch, out: PolicyOutput
) -> dict[str, Tensor]:
    """Each loss before its weight.

    Raises:
        BadConfig: If one gives something else than a scalar that depends on the model. Where all
            that the policy says comes from what stands still, so may its loss.
    """
    learns = out.chunk_BGZKA.requires_grad
    terms = {name: loss(model, batch, out) for name, loss in losses.items()}
    for name, term in terms.items():
        if not isinstance(term, Tensor):
            raise BadConfig(f"the loss {name!r} gives {type(term).__name__}, not a tensor")
        if term.shape != ():
            raise BadConfig(
                f"the loss {name!r} gives a tensor of shape {tuple(term.shape)}, not a scalar: "
                "take its mean"
            )
        if learns and not term.requires_grad:
            raise BadConfig(f"the loss {name!r} has no gradient: compute it from the policy output")
    return terms
