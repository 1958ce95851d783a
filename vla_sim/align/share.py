"""Share: of which rows a process takes a loss, and of how many at once.

A batch of thousands has similarity matrices of hundreds of megabytes, several for each pair of
modalities. Taken a portion of queries at a time, only one portion's rows are ever there.

Legend: N queries, M candidates, E embedding.
"""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.utils.checkpoint import checkpoint

from vla_sim.align.crew import ALONE, Crew
from vla_sim.align.losses.contrastive import contrastive_loss


@dataclass(frozen=True, kw_only=True)
class Share:
    """A process's share of the queries of a batch."""

    crew: Crew = ALONE
    at_once: int | None = None
    """Queries in a portion; None for all of them together."""

    @property
    def is_all(self) -> bool:
        """One process takes all rows at once."""
        return self.crew.size == 1 and self.at_once is None

    def mean(self, of_rows: Callable[[slice], Tensor], n_rows: int) -> Tensor:
        """A mean over rows, of which each process takes its own: see `Crew` for how they add up.

        Args:
            of_rows: From some of the rows to their mean; without randomness, as it is asked again
                when gradients are taken.
            n_rows: Rows of the whole batch.

        Returns:
            What `of_rows` gives, of the right size for the mean over the processes to be the mean
            over all rows.
        """
        own = self.crew.own(n_rows)
        if self.is_all or not n_rows:
            return of_rows(own)
        worth = self.crew.size / n_rows
        if own.start == own.stop:
            # One row that does not count: all processes have to exchange the same gradients.
            own, worth = slice(0, 1), 0.0
        at_once = self.at_once or n_rows
        portions = [
            slice(first, min(first + at_once, own.stop))
            for first in range(own.start, own.stop, at_once)
        ]
        parts = [worth * (p.stop - p.start) * self._part(of_rows, p) for p in portions]
        return torch.stack(parts).sum(0)

    def _part(self, of_rows: Callable[[slice], Tensor], rows: slice) -> Tensor:
        if self.at_once is None:
            return of_rows(rows)
        part: Tensor = checkpoint(of_rows, rows, use_reentrant=False, preserve_rng_state=False)
        return part


def both_ways(
    one_NE: Tensor,
    other_ME: Tensor,
    inverse_temperature: Tensor,
    one_id_N: Tensor,
    other_id_M: Tensor,
    share: Share,
) -> Tensor:
    """InfoNCE between two modalities, each asking the other.

    Args:
        one_NE: Unit vectors of N rows.
        other_ME: Unit vectors of the same rows, and behind them of further candidates for `one`
            to tell apart, which ask nothing.
        inverse_temperature: Scalar, > 0.
        one_id_N: What each row is; equal numbers belong together.
        other_id_M: The same of `other`.
        share: Which of the rows to take.

    Returns:
        Scalar [nat], as `Share.mean` gives it.
    """
    n = len(one_NE)

    def one_asks(rows: slice) -> Tensor:
        logits_nM = inverse_temperature * one_NE[rows] @ other_ME.T
        return contrastive_loss(logits_nM, one_id_N[rows, None] == other_id_M)

    def other_asks(rows: slice) -> Tensor:
        logits_Nn = inverse_temperature * one_NE @ other_ME[rows].T
        return contrastive_loss(logits_Nn.T, other_id_M[rows, None] == one_id_N)

    if share.is_all:  # one matrix for both
        logits_NM = inverse_temperature * one_NE @ other_ME.T
        same_NM = one_id_N[:, None] == other_id_M
        return 0.5 * (
            contrastive_loss(logits_NM, same_NM)
            + contrastive_loss(logits_NM[:, :n].T, same_NM[:, :n].T)
        )
    return 0.5 * (share.mean(one_asks, n) + share.mean(other_asks, n))


@torch.no_grad()
def top1(
    one_NE: Tensor, other_ME: Tensor, one_id_N: Tensor, other_id_M: Tensor, share: Share
) -> Tensor:
    """Share of the rows of `one` whose nearest candidate is a right one; see `both_ways`."""

    def of_rows(rows: slice) -> Tensor:
        best_n = (one_NE[rows] @ other_ME.T).argmax(1)
        return (one_id_N[rows] == other_id_M[best_n]).float().mean()

    return share.mean(of_rows, len(one_NE))
