"""Spectra of two signals that ought to move together, pooled over episodes before any ratio.

Legend: N strips (stretches of episodes), T control steps, W steps a window, K windows, D signals,
F frequencies.
"""

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from vla_sim.errors import BadConfig

FLAT = 1e-9
"""Share of a signal's mean square below which what is left without its mean is rounding."""
TINY = 1e-12
"""What a bin may lack of its signal's mean power before its ratio is damped: 0/0 has no value."""
HANN_OVERLAP = 1.0 / 6.0
"""Correlation of neighbouring Hann windows that overlap by half."""
NOISE_QUANTILE = 0.05
"""Share of unrelated signals that reach the line of noise in a bin."""


@dataclass(frozen=True, kw_only=True)
class CrossSpectrum:
    """Spectral densities of D pairs of signals x and y.

    Attributes:
        cross_DF: Complex, mean over windows of conj(X) Y: a y that is late has a falling phase.
        first_DF: Of x.
        second_DF: Of y.
        frequency_F: [Hz].
        told_D: bool, False where x or y is flat: then there is nothing to compare.
        n_windows: Windows that were pooled, as many as there would be if they were independent.
    """

    cross_DF: Tensor
    first_DF: Tensor
    second_DF: Tensor
    frequency_F: Tensor
    told_D: Tensor
    n_windows: float

    @property
    def coherency(self) -> Tensor:
        """Complex, of modulus at most 1; over a single window it is 1 for anything."""
        first_DF, second_DF = _lifted(self.first_DF), _lifted(self.second_DF)
        # Root by root: the product of two small powers would be nothing in float32.
        coherency_DF: Tensor = self.cross_DF / (first_DF.sqrt() * second_DF.sqrt())
        return coherency_DF

    def band(self, low_hz: float, high_hz: float) -> Tensor:
        """1 for the frequencies of a band, else 0.

        Raises:
            BadConfig: If the windows are too short to resolve any of it.
        """
        step_hz = float(self.frequency_F[1] - self.frequency_F[0])
        slack = 1e-6 * step_hz
        inside_F = (self.frequency_F >= low_hz - slack) & (self.frequency_F <= high_hz + slack)
        inside_F = inside_F & (self.frequency_F > 0.0)
        if not bool(inside_F.any()):
            raise BadConfig(
                f"windows of {1.0 / step_hz:.2f} s tell frequencies {step_hz:.2f} Hz apart, and "
                f"none lies within {low_hz} to {high_hz} Hz: take longer strips or a wider band"
            )
        return inside_F.to(self.first_DF.dtype)


def cross_spectrum(
    first_NTD: Tensor, second_NTD: Tensor, *, dt_s: float, window: int | None = None
) -> CrossSpectrum:
    """Welch's estimate over all windows of all strips: sums first, ratios later.

    Each window is freed of its mean and tapered by a periodic Hann window; windows of a strip
    overlap by half.

    Args:
        first_NTD: Signals x.
        second_NTD: Signals y, of the same shape.
        dt_s: Time between steps [s].
        window: Steps of a window; None for whole strips.

    Raises:
        BadConfig: If the signals do not match, or a window has fewer than four steps.

    Source:
        P. D. Welch, IEEE Trans. Audio Electroacoustics 15 (1967) 70, as scipy.signal.csd does it.
    """
    if first_NTD.shape != second_NTD.shape or first_NTD.ndim != 3:
        raise BadConfig(
            f"signals of shapes {tuple(first_NTD.shape)} and {tuple(second_NTD.shape)} are no "
            "pairs: both have to be (strips, steps, signals)"
        )
    n_strips, n_steps, _ = first_NTD.shape
    width = n_steps if window is None else window
    if not 4 <= width <= n_steps:
        raise BadConfig(
            f"a window of {width} steps does not fit strips of {n_steps}; use 4 or more"
        )
    hop = max(width - width // 2, 1)
    taper_W = torch.hann_window(width, dtype=first_NTD.dtype, device=first_NTD.device)

    def windows(signal_NTD: Tensor) -> Tensor:
        cut_KDW = signal_NTD.unfold(1, width, hop).flatten(0, 1)
        return (cut_KDW - cut_KDW.mean(-1, keepdim=True)) * taper_W

    first_KDF = torch.fft.rfft(windows(first_NTD))
    second_KDF = torch.fft.rfft(windows(second_NTD))
    n_windows = len(first_KDF)
    one_sided_F = torch.full((first_KDF.shape[-1],), 2.0, dtype=taper_W.dtype)
    one_sided_F[0] = 1.0
    if width % 2 == 0:
        one_sided_F[-1] = 1.0
    density_F = (one_sided_F * dt_s).to(taper_W) / taper_W.square().sum()
    return CrossSpectrum(
        cross_DF=(first_KDF.conj() * second_KDF).mean(0) * density_F,
        first_DF=first_KDF.abs().square().mean(0) * density_F,
        second_DF=second_KDF.abs().square().mean(0) * density_F,
        frequency_F=torch.fft.rfftfreq(width, dt_s).to(taper_W),
        told_D=~(_flat(first_NTD) | _flat(second_NTD)),
        n_windows=_independent(n_strips, n_windows // max(n_strips, 1)),
    )


def coherence(spectrum: CrossSpectrum) -> Tensor:
    """Squared coherence without its bias, shape (D, F): K windows of noise give 1/K on average.

    Below zero where there is less than chance.

    Raises:
        BadConfig: If there is one window: its coherence is 1 for anything.
    """
    n = _enough(spectrum)
    raw_DF = spectrum.coherency.abs().square()
    return (raw_DF - 1.0 / n) / (1.0 - 1.0 / n)


def noise_line(n_windows: float) -> float:
    """Squared coherence, its bias taken off, that one in twenty unrelated pairs reaches in a bin.

    Source:
        G. C. Carter, Proc. IEEE 75 (1987) 236: P(raw > c) = (1 - c)^(K - 1).
    """
    if n_windows <= 1.0:
        return 1.0
    raw = 1.0 - math.pow(NOISE_QUANTILE, 1.0 / (n_windows - 1.0))
    return (raw - 1.0 / n_windows) / (1.0 - 1.0 / n_windows)


def delay_s(spectrum: CrossSpectrum, weight_F: Tensor) -> Tensor:
    """How late y is behind x [s], of each pair, by the slope of the phase; shape (D,).

    Least squares through the origin, each frequency by what the two share there. Beyond half a
    period of the lowest frequency a phase has gone round and tells something else.

    Args:
        spectrum: Of the pairs.
        weight_F: The frequencies that count.
    """
    shared_DF = spectrum.coherency.abs().square().clamp(max=1.0 - 1e-6)
    weight_DF = weight_F * shared_DF / (1.0 - shared_DF)
    first = int(weight_F.nonzero()[0])
    last = int(weight_F.nonzero()[-1]) + 1
    phase_DF = spectrum.cross_DF.angle()
    unwrapped_DF = torch.zeros_like(phase_DF)
    unwrapped_DF[:, first:last] = _unwrapped(phase_DF[:, first:last])
    along_D = (weight_DF * unwrapped_DF * spectrum.frequency_F).sum(-1)
    square_D = (weight_DF * spectrum.frequency_F.square()).sum(-1)
    return -along_D / (2.0 * math.pi * square_D.clamp_min(TINY))


def _unwrapped(phase_DF: Tensor) -> Tensor:
    turn = 2.0 * math.pi
    steps_DF = phase_DF.diff(dim=-1)
    jumps_DF = -turn * torch.round(steps_DF / turn)
    return torch.cat((phase_DF[:, :1], phase_DF[:, 1:] + jumps_DF.cumsum(-1)), dim=-1)


def _lifted(power_DF: Tensor) -> Tensor:
    """Powers, none of them so small beside the others that a ratio of them is rounding."""
    floor_D1 = TINY * power_DF.mean(-1, keepdim=True)
    return torch.maximum(power_DF, floor_D1).clamp_min(torch.finfo(power_DF.dtype).tiny)


def _flat(signal_NTD: Tensor) -> Tensor:
    """Which signals stand still but for rounding, bool (D,)."""
    held_NTD = signal_NTD.detach()
    moving_D = (held_NTD - held_NTD.mean(1, keepdim=True)).square().mean((0, 1))
    flat_D: Tensor = moving_D <= FLAT * held_NTD.square().mean((0, 1))
    return flat_D


def _independent(n_strips: int, n_each: int) -> float:
    """As how many independent windows those count that overlap by half in each strip."""
    doubled = 1.0 + 2.0 * HANN_OVERLAP**2 * (1.0 - 1.0 / max(n_each, 1))
    return n_strips * n_each / doubled


def _enough(spectrum: CrossSpectrum) -> float:
    if spectrum.n_windows <= 1.0:
        raise BadConfig(
            "the coherence of one window is 1 for anything; pool two strips or more, or take "
            "shorter windows"
        )
    return spectrum.n_windows
