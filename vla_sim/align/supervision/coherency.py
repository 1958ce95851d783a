"""Coherency: what is seen to move in a strip goes with what was done, at the same time.

Legend: N strips, T steps, F frequencies, S cells, C map channels, A action components.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from vla_sim.align.batch import body_of, moved
from vla_sim.align.losses.coherency import coherency_loss
from vla_sim.align.losses.spectrum import (
    CrossSpectrum,
    coherence,
    cross_spectrum,
    delay_s,
    noise_line,
)
from vla_sim.align.supervision.asked import Asked
from vla_sim.align.supervision.taught import Lesson, TaughtConfig
from vla_sim.errors import BadConfig
from vla_sim.ranges import above, whole
from vla_sim.records.triple import StripTriples

HELD_OUT = 5
"""Of so many episodes, by their seed, one is only measured on: projections that are learnt find
something shared in anything."""
FEWEST = 2
"""Strips of one body that a spectrum is pooled over at the least: over one, all is coherent."""


@dataclass(frozen=True, kw_only=True)
class CoherencyConfig(TaughtConfig):
    """Settings of spectral coherency; needs `model.motion`."""

    every: int = 24
    """It is taken on every k-th step, k times as heavy: a strip costs as much as its pictures."""
    strip_steps: int = 48
    """Control steps of a strip. At 20 Hz, 48 of them tell frequencies 0.42 Hz apart, at 10 Hz 0.21.
    Shorter ones have no frequency in the band, longer ones outlast many episodes."""
    low_hz: float = 0.1
    """The band in which it counts, from here,"""
    high_hz: float = 1.0
    """to here."""
    watch: bool = False
    """Report coherence and delay even where nothing is taught."""

    @property
    def watches(self) -> bool:
        """See the field."""
        return self.watch

    def __post_init__(self) -> None:
        super().__post_init__()
        whole(16, strip_steps=self.strip_steps)
        above(0, low_hz=self.low_hz, high_hz=self.high_hz)
        if self.low_hz >= self.high_hz:
            raise BadConfig(
                f"supervision.coherency: the band from {self.low_hz} to {self.high_hz} Hz is "
                "empty; low_hz has to be less than high_hz"
            )

    @property
    def steps_wanted(self) -> int:
        """Steps of the strips that a run has to keep; 0 for no strips."""
        return self.strip_steps if self.weight > 0.0 or self.watch else 0

    def check_rate(self, name: str, dt_s: float) -> None:
        """Raise BadConfig where strips of a body are too short for the band."""
        window_s = self.strip_steps * dt_s
        lowest = max(np.ceil(self.low_hz * window_s - 1e-6), 1.0) / window_s
        if lowest > self.high_hz + 1e-9:
            raise BadConfig(
                f"supervision.coherency.strip_steps is {self.strip_steps}: {window_s:.2f} s of "
                f"{name} tell no frequency from {self.low_hz} to {self.high_hz} Hz; take "
                f"{int(np.ceil(1.0 / (self.high_hz * dt_s)))} steps or more"
            )


def coherency_lesson(config: CoherencyConfig, asked: Asked) -> Lesson:
    """Body by body, since each has its own clock: learnt on some strips, measured on others."""
    rows, model = asked.strips, asked.model
    if rows is None or model.motion is None:
        return Lesson(term=None)
    body_N = body_of(rows.task, asked.task_body)
    held_N = torch.as_tensor(rows.seed % HELD_OUT == 0)
    strip_NTHWC = moved(rows.strip, asked.map_BSC.device)
    map_XSC = asked.see(strip_NTHWC.flatten(0, 1))
    seen_NTA = model.motion(map_XSC.view(*strip_NTHWC.shape[:2], *map_XSC.shape[1:]))
    acted_NTA = moved(rows.action, asked.map_BSC.device)
    losses = [
        coherency_loss(spectrum, spectrum.band(config.low_hz, config.high_hz))
        for spectrum in _spectra(asked, seen_NTA, acted_NTA, body_N, ~held_N)
        if bool(spectrum.told_D.any())
    ]
    # A strip that was drawn twice is as coherent with itself as one alone: all of it is.
    measured_N = held_N & _once(rows)
    with torch.no_grad():
        watched = _measured(config, list(_spectra(asked, seen_NTA, acted_NTA, body_N, measured_N)))
    return Lesson(term=torch.stack(losses).mean() if losses else None, watched=watched)


def _once(rows: StripTriples) -> Tensor:
    """The first of each strip, bool (N,): batches are drawn with replacement."""
    _, first = np.unique(np.stack((rows.task, rows.seed)), axis=1, return_index=True)
    once_N = torch.zeros(len(rows.seed), dtype=torch.bool)
    once_N[torch.as_tensor(first)] = True
    return once_N


def _spectra(
    asked: Asked, seen_NTA: Tensor, acted_NTA: Tensor, body_N: Tensor, of_N: Tensor
) -> Iterator[CrossSpectrum]:
    """Of the bodies that there are strips enough of."""
    for index, body in enumerate(asked.model.bodies):
        rows = ((body_N == index) & of_N).nonzero().squeeze(1).to(seen_NTA.device)
        if len(rows) >= FEWEST:
            n = body.n_act
            yield cross_spectrum(
                acted_NTA[rows, :, :n], seen_NTA[rows, :, :n], dt_s=body.control_dt_s
            )


def _measured(config: CoherencyConfig, spectra: list[CrossSpectrum]) -> dict[str, Tensor]:
    """Coherence without its bias, the line of noise beside it, and the delay of what is seen."""
    told = [spectrum for spectrum in spectra if bool(spectrum.told_D.any())]
    if not told:
        return {}
    values: dict[str, list[Tensor]] = {"va_coherence": [], "va_noise_line": [], "va_delay_s": []}
    for spectrum in told:
        band_F, own_D = spectrum.band(config.low_hz, config.high_hz), spectrum.told_D
        of_band_D = (coherence(spectrum) * band_F).sum(-1) / band_F.sum()
        values["va_coherence"].append(of_band_D[own_D].mean())
        values["va_noise_line"].append(of_band_D.new_tensor(noise_line(spectrum.n_windows)))
        values["va_delay_s"].append(delay_s(spectrum, band_F)[own_D].mean())
    return {name: torch.stack(each).mean() for name, each in values.items()}
