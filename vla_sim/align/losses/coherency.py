"""Coherency: what is seen to move and what is done shall move together, and at the same time.

Legend: D pairs of signals, F frequencies.
"""

from torch import Tensor

from vla_sim.align.losses.spectrum import CrossSpectrum
from vla_sim.errors import FlatSignal


def coherency_loss(spectrum: CrossSpectrum, weight_F: Tensor) -> Tensor:
    """1 - Re C, the mean over a band and over the pairs that move: it feels a delay.

    C is the complex coherency. A late signal turns it, and its real part falls with the cosine of
    the turn; its modulus does not change, which is why |C|^2 cures no misalignment in time.

    Args:
        spectrum: Pooled over strips.
        weight_F: >= 0, how much each frequency counts.

    Returns:
        Scalar in [0, 2]: 0 where both are one signal, 1 for strangers, 2 for opposites.

    Raises:
        FlatSignal: If no pair moves: there is nothing to compare.

    Source:
        FORMULAS 6 after the chapter's 5.4, whose squared modulus hardly sees a delay (0009).
    """
    return _over_band(1.0 - spectrum.coherency.real, spectrum, weight_F)


def magnitude_loss(spectrum: CrossSpectrum, weight_F: Tensor) -> Tensor:
    """1 - |C|^2, the chapter's form: kept for comparison, since no delay changes it.

    Args:
        spectrum: Pooled over strips.
        weight_F: >= 0, how much each frequency counts.

    Returns:
        Scalar in [0, 1].

    Raises:
        FlatSignal: If no pair moves.
    """
    return _over_band(1.0 - spectrum.coherency.abs().square(), spectrum, weight_F)


def _over_band(value_DF: Tensor, spectrum: CrossSpectrum, weight_F: Tensor) -> Tensor:
    told_D = spectrum.told_D.to(value_DF.dtype)
    if not bool(spectrum.told_D.any()):
        raise FlatSignal(
            f"all {len(told_D)} pairs of signals are flat: nothing moves on one side, so that "
            "there is nothing to compare"
        )
    each_D = (value_DF * weight_F).sum(-1) / weight_F.sum()
    return (each_D * told_D).sum() / told_D.sum()
