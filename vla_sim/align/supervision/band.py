"""Band: actions are learnt from slow to fast.

Legend: N segments, K knots, A action components.
"""

import math
from dataclasses import dataclass, replace
from functools import cache

import torch
from torch import Tensor

from vla_sim.align.batch import SegmentBatch
from vla_sim.errors import BadConfig
from vla_sim.ranges import above, within
from vla_sim.records.triple import CHUNK_SIZE


@dataclass(frozen=True, kw_only=True)
class BandConfig:
    """Settings of the band that a segment's action sequence keeps."""

    first: float = 1.0
    """Share of the knots' own band that is left at the start: 0.25 keeps what moves slowest, the
    mean and a drift; 1 keeps all, always."""
    until: float = 0.4
    """Share of the budget after which all of it is there: it widens evenly until then."""

    def __post_init__(self) -> None:
        within(0, 1, first=self.first, until=self.until)
        above(0, first=self.first, until=self.until)
        if self.first * CHUNK_SIZE < 1.0:
            raise BadConfig(
                f"supervision.band.first is {self.first}: of {CHUNK_SIZE} knots not even the mean "
                f"would be left; use {1.0 / CHUNK_SIZE} to 1"
            )

    def share(self, fraction: float) -> float:
        """Share of the band after a fraction of the budget."""
        return self.first + (1.0 - self.first) * min(fraction / self.until, 1.0)

    def narrowed(self, batch: SegmentBatch, fraction: float) -> SegmentBatch:
        """The segments with the band that their actions have after a fraction of the budget."""
        share = self.share(fraction)
        if share == 1.0:
            return batch
        return replace(batch, knots_NKA=kept_band(batch.knots_NKA, share))


def kept_band(knots_NKA: Tensor, share: float) -> Tensor:
    """Knots without the fast part of their band, shape (N, K, A).

    The band is cut in the cosine transform of the sequence, which takes ends as they are; a Fourier
    transform would join the last knot to the first. Component j is a wave of j / 2 periods over the
    segment, or j / (2 duration) Hz. The first is the mean, and with it the way that is covered: it
    always stays. What lies on the edge of the band is kept in part, so that a band that widens
    evenly brings nothing at once.

    Args:
        knots_NKA: Evenly spaced actions.
        share: Share of the components that is kept, in (0, 1].
    """
    waves_JK = _cosines(knots_NKA.shape[1]).to(knots_NKA)
    n = len(waves_JK)
    kept_J = (share * n - torch.arange(n, device=knots_NKA.device)).clamp(0.0, 1.0)
    passed_KK = waves_JK.T @ (kept_J[:, None].to(waves_JK) * waves_JK)
    return torch.einsum("kl,nla->nka", passed_KK, knots_NKA)


@cache
def _cosines(n: int) -> Tensor:
    """The orthonormal cosine transform, rows are waves, (n, n)."""
    wave_J, knot_K = torch.arange(n).double(), torch.arange(n).double()
    waves_JK = torch.cos(math.pi / n * (knot_K + 0.5) * wave_J[:, None]) * math.sqrt(2.0 / n)
    waves_JK[0] *= math.sqrt(0.5)
    return waves_JK
