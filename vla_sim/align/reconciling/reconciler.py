"""The role of a reconciler: losses that want different things give one gradient.

In a fixed order: weights are multiplied (a weigher), each group of losses gives up what works
against another (surgery), what works against a term with priority is taken out. The last two act on
the gradients at the representation that the towers make, dL/dz: what all losses share. That costs
about one plain backward, where the parameters would cost one for each group; the heads behind it
get the plain sum.

Source:
    The order: arXiv 2505.10347 and the references in it.
"""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from vla_sim.align.reconciling.cone import into_cone
from vla_sim.align.reconciling.look import GradientLook, angles_deg, conflict_share
from vla_sim.align.reconciling.losses import StepLosses, gramian
from vla_sim.align.reconciling.weigher import Seen, Weigher
from vla_sim.errors import BadConfig, UnknownName
from vla_sim.ranges import whole

Groups = Mapping[str, tuple[str, ...]]
"""{group: the terms that pull together}."""
Surgery = Callable[[NDArray[np.float64], torch.Generator], NDArray[np.float64]]
"""From the Gramian of the groups' gradients to how much of each is in their sum."""


@dataclass(frozen=True, kw_only=True)
class ReconcilerConfig:
    """What every way of reconciling can be told."""

    priority: tuple[str, ...] = ()
    """Terms that the towers are never moved against: what works against them is taken out of the
    sum of all, last. Each counts as a group of its own."""
    watch_every: int | None = 50
    """On every k-th update the angles between the groups' gradients and the learnt weights are
    noted, see gradients.jsonl of a run; None for never."""

    def __post_init__(self) -> None:
        whole(1, watch_every=self.watch_every)
        if twice := sorted({name for name in self.priority if self.priority.count(name) > 1}):
            raise BadConfig(f"priority names {', '.join(twice)} twice; once is enough")

    @property
    def named(self) -> dict[str, tuple[str, ...]]:
        """{setting: the terms that it names}."""
        return {"priority": self.priority}

    @property
    def needs_shared(self) -> bool:
        """Whether it works on what the losses share: in vain where no tower learns."""
        return True

    def check(self, weights: Mapping[str, float]) -> None:
        """See that the settings fit the terms of a run.

        Args:
            weights: {term: weight}, those of weight 0 too.

        Raises:
            UnknownName: If a setting names a term that does not exist.
            BadConfig: If a term with priority has no weight.
        """
        for setting, names in self.named.items():
            for name in names:
                if name not in weights:
                    raise UnknownName(f"term for reconciling.{setting}", name, weights)
        for name in self.priority:
            if not weights[name]:
                raise BadConfig(
                    f"reconciling.priority names {name!r}, and its weight is 0: it has no gradient "
                    "to keep; give it a weight, or take it out"
                )

    def build(self, groups: Groups) -> "Reconciler":
        """The reconciler with these settings for losses in these groups."""
        raise NotImplementedError


@dataclass(frozen=True, kw_only=True)
class Reconciled:
    """What is to be told of a backward.

    Attributes:
        report: What was only watched, by name.
        look: What was seen of the gradients, on the updates on which somebody looks.
    """

    report: Mapping[str, float]
    look: GradientLook | None


class Reconciler:
    """Multiplies weights, and turns a step's losses into gradients of its parameters."""

    def __init__(
        self,
        config: ReconcilerConfig,
        groups: Groups,
        *,
        weigher: Weigher | None = None,
        surgery: Surgery | None = None,
    ) -> None:
        self.config = config
        self.groups = groups
        self.weigher = weigher
        self.surgery = surgery

    def weights(self, wanted: Mapping[str, float]) -> dict[str, float]:
        """The weights of this update's terms."""
        if self.weigher is None:
            return dict(wanted)
        return {name: weight * self.weigher.factor(name) for name, weight in wanted.items()}

    def cuts(self, wanted: Collection[str]) -> bool:
        """Whether this update's gradients are changed before they reach the towers."""
        return self.surgery is not None or any(name in wanted for name in self.config.priority)

    def parts(self, terms: Collection[str]) -> dict[str, list[str]]:
        """{row: its terms}: the groups that are there, and each term with priority by itself."""
        first = self.config.priority
        parts = {
            group: [name for name in names if name in terms and name not in first]
            for group, names in self.groups.items()
        }
        parts |= {name: [name] for name in first if name in terms}
        return {name: held for name, held in parts.items() if held}

    def backward(
        self,
        losses: StepLosses,
        *,
        values: Mapping[str, float],
        chance: Mapping[str, float],
        n_steps: int,
        generator: torch.Generator,
    ) -> Reconciled:
        """Give every parameter its gradient, and let the weigher learn.

        Args:
            losses: The losses, with the weights that `weights` gave.
            values: The same before any weight, as numbers.
            chance: See `Seen`.
            n_steps: Updates that were made before.
            generator: Source of orders.

        Raises:
            BadConfig: If a loss is none that the weigher can weigh; nothing has changed.
        """
        if self.weigher is not None:
            norms = self._norms(losses, self.weigher.asks_norms(losses.weighted))
            self.weigher.see(Seen(values=values, norms=norms, chance=chance))
        if not losses.total.requires_grad:  # all that they are computed from stands still
            return Reconciled(report={}, look=None)
        every = self.config.watch_every
        watched = every is not None and n_steps % every == 0
        # What was wanted has been cut for, even where it could not be taken.
        if not losses.is_cut:
            look = self._look_of(losses) if watched else None
            losses.total.backward()  # type: ignore[no-untyped-call]
            return Reconciled(report={}, look=look)
        parts = self.parts(losses.weighted)
        row_TX = losses.rows_of(parts.values())
        losses.into_heads()
        if row_TX is None:
            return Reconciled(report={}, look=None)
        gram_TT, names = gramian(row_TX, losses.crew), list(parts)
        losses.into_towers(_combined(row_TX, self.coefficients(gram_TT, names, generator)))
        return Reconciled(
            report={"conflict_share": conflict_share(gram_TT)},
            look=self._look(gram_TT, names) if watched else None,
        )

    def coefficients(
        self, gram_TT: NDArray[np.float64], names: list[str], generator: torch.Generator
    ) -> NDArray[np.float64]:
        """How much of each row is in the gradient of the towers, shape (T,).

        Args:
            gram_TT: <g_i, g_j> of the rows; one that is not finite is summed as it is, for the
                caller to find.
            names: Of the rows, see `parts`.
            generator: Source of orders.
        """
        kept_T = np.ones(len(names))
        if not np.isfinite(gram_TT).all():
            return kept_T
        if self.surgery is not None:
            kept_T = self.surgery(gram_TT, generator)
        sides = [k for k, name in enumerate(names) if name in self.config.priority]
        return into_cone(gram_TT, kept_T, sides) if sides else kept_T

    def state(self) -> dict[str, Tensor]:
        """What a resumed run needs to go on alike, copied; empty where nothing is learnt here."""
        return {} if self.weigher is None else self.weigher.state()

    def load_state(self, state: Mapping[str, Tensor]) -> None:
        """Go on where another with equal settings stopped."""
        if self.weigher is not None:
            self.weigher.load_state(state)

    def _norms(self, losses: StepLosses, asked: Collection[str]) -> dict[str, float] | None:
        rows = {name: losses.row_of([name]) for name in asked}
        held = {name: row_X.norm() for name, row_X in rows.items() if row_X is not None}
        if not held:
            return None
        return dict(zip(held, torch.stack(list(held.values())).tolist(), strict=True))

    def _look_of(self, losses: StepLosses) -> GradientLook | None:
        parts = self.parts(losses.weighted)
        rows = {name: losses.row_of(held) for name, held in parts.items()}
        there = {name: row_X for name, row_X in rows.items() if row_X is not None}
        if not there:
            return None
        gram_TT = gramian(torch.stack(list(there.values())), losses.crew)
        return self._look(gram_TT, list(there))

    def _look(self, gram_TT: NDArray[np.float64], names: list[str]) -> GradientLook:
        lengths = np.sqrt(np.diag(gram_TT).clip(0.0)).tolist()
        weigher = self.weigher
        terms = [term for held in self.groups.values() for term in held]
        factors = {} if weigher is None else {term: weigher.factor(term) for term in terms}
        return GradientLook(
            angles=angles_deg(gram_TT, names),
            norms=dict(zip(names, lengths, strict=True)),
            weights=factors,
            sigmas={} if weigher is None else weigher.sigmas(),
        )


def _combined(row_TX: Tensor, kept_T: NDArray[np.float64]) -> Tensor:
    """The rows by their coefficients, shape (X,)."""
    kept = torch.tensor(kept_T.tolist(), dtype=row_TX.dtype, device=row_TX.device)
    return kept @ row_TX
