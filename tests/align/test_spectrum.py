"""Laws of spectra and the coherency: scipy agrees, delays are felt, what is flat is no signal."""

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from scipy import signal
from torch import Tensor

from vla_sim.align.losses.coherency import coherency_loss, magnitude_loss
from vla_sim.align.losses.spectrum import (
    CrossSpectrum,
    coherence,
    cross_spectrum,
    delay_s,
    noise_line,
)
from vla_sim.errors import BadConfig, FlatSignal

DT_S = 0.05
WINDOW = 64


def noise(*shape: int, seed: int = 0) -> NDArray[np.float64]:
    return np.random.default_rng(seed).normal(size=shape)


def tensors(*arrays: NDArray[np.float64]) -> list[Tensor]:
    return [torch.as_tensor(array).T.unsqueeze(0) for array in arrays]  # (D, T) to (1, T, D)


def delayed(n_strips: int, n_steps: int, late: int, *, noisy: float = 0.1) -> tuple[Tensor, Tensor]:
    """Slow signals, and the same later, with noise; (N, T, 1)."""
    fast = noise(n_strips, n_steps + 64, seed=1)
    slow = signal.sosfilt(signal.butter(2, 0.1, output="sos"), fast, axis=1)[:, 32:]
    first, second = slow[:, late : late + n_steps], slow[:, :n_steps]
    second = second + noisy * slow.std() * noise(n_strips, n_steps, seed=2)
    return torch.as_tensor(first).unsqueeze(-1), torch.as_tensor(second).unsqueeze(-1)


def pooled(first: Tensor, second: Tensor, **settings: int) -> CrossSpectrum:
    return cross_spectrum(first, second, dt_s=DT_S, **settings)


@pytest.mark.parametrize("window", [64, 63])
def test_scipy_says_the_same(window: int) -> None:
    x, y = noise(3, 1000), noise(3, 1000, seed=1) + 0.7 * noise(3, 1000)
    ours = pooled(*tensors(x, y), window=window)
    settings = {"fs": 1.0 / DT_S, "nperseg": window, "window": "hann", "detrend": "constant"}
    frequency, theirs = signal.csd(x, y, **settings)
    np.testing.assert_allclose(ours.frequency_F, frequency, atol=1e-9)
    np.testing.assert_allclose(ours.cross_DF, theirs, atol=1e-9)
    np.testing.assert_allclose(ours.first_DF, signal.welch(x, **settings)[1], atol=1e-9)
    _, shared = signal.coherence(x, y, **settings)
    np.testing.assert_allclose(ours.coherency.abs().square(), shared, atol=1e-6)


def test_one_window_is_coherent_with_anything_and_is_refused_as_a_measurement() -> None:
    alone = pooled(*tensors(noise(1, WINDOW), noise(1, WINDOW, seed=5)))
    np.testing.assert_allclose(alone.coherency.abs().square()[:, 1:], 1.0, atol=1e-6)
    with pytest.raises(BadConfig, match="pool two strips or more"):
        coherence(alone)
    assert noise_line(alone.n_windows) == 1.0


def test_strangers_have_no_coherence_on_average_and_seldom_pass_the_line_of_noise() -> None:
    n_strips, n_pairs = 8, 400
    first, second = (torch.as_tensor(noise(n_strips, WINDOW, n_pairs, seed=s)) for s in (0, 1))
    spectrum = pooled(first, second)
    assert spectrum.n_windows == n_strips
    unbiased_DF = coherence(spectrum)[:, 2:-2]
    assert abs(float(unbiased_DF.mean())) < 0.01
    above = float((unbiased_DF > noise_line(spectrum.n_windows)).double().mean())
    assert above == pytest.approx(0.05, abs=0.01)


def test_sums_are_pooled_before_the_ratio() -> None:
    first, second = (torch.as_tensor(noise(6, WINDOW, 1, seed=s)) for s in (0, 1))
    first[0] *= 100.0
    second[0] *= 100.0
    together = pooled(first, second).coherency.abs().square()
    loud = pooled(first[:1], second[:1]).coherency.abs().square()
    assert float((together - loud)[:, 1:].abs().max()) < 0.05, "the loud strip decides"


@pytest.mark.parametrize("late", [0, 2, 4, 6])
def test_the_slope_of_the_phase_is_the_delay(late: int) -> None:
    spectrum = pooled(*delayed(64, 200, late))
    found_s = float(delay_s(spectrum, spectrum.band(0.1, 1.0))[0])
    assert found_s == pytest.approx(late * DT_S, abs=0.01)


def test_the_coherency_feels_a_delay_that_its_modulus_hardly_sees() -> None:
    for loss, least, most in ((coherency_loss, 0.3, 1.0), (magnitude_loss, 0.0, 0.06)):
        prompt, late = (pooled(*delayed(64, 200, steps)) for steps in (0, 6))
        band_F = prompt.band(0.1, 1.0)
        cost = float(loss(late, band_F) - loss(prompt, band_F))
        assert least < cost < most, loss.__name__


def test_the_minimum_is_at_the_truth_and_the_maximum_at_its_opposite() -> None:
    first, _ = delayed(8, WINDOW, 0)
    for second, value in ((3.0 * first + 5.0, 0.0), (-first, 2.0)):
        spectrum = pooled(first, second)
        assert float(coherency_loss(spectrum, spectrum.band(0.1, 1.0))) == pytest.approx(value)


@pytest.mark.parametrize("loss", [coherency_loss, magnitude_loss])
def test_gradients_are_finite_differences(loss: object) -> None:
    first = torch.as_tensor(noise(2, 16, 2)).requires_grad_()
    second = torch.as_tensor(noise(2, 16, 2, seed=3)).requires_grad_()

    def value(x: Tensor, y: Tensor) -> Tensor:
        spectrum = cross_spectrum(x, y, dt_s=0.1)
        out: Tensor = loss(spectrum, spectrum.band(0.1, 2.0))  # type: ignore[operator]
        return out

    assert torch.autograd.gradcheck(value, (first, second), atol=1e-6)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_a_flat_signal_does_not_count_and_leaves_no_nan(dtype: torch.dtype) -> None:
    first, second = (torch.as_tensor(noise(4, WINDOW, 3, seed=s)).to(dtype) for s in (0, 1))
    first[..., 1], second[..., 2] = 7.0, 0.1
    first.requires_grad_()
    spectrum = pooled(first, second)
    assert spectrum.told_D.tolist() == [True, False, False]
    alone = pooled(first[..., :1], second[..., :1])
    band_F = spectrum.band(0.1, 1.0)
    loss = coherency_loss(spectrum, band_F)
    assert loss.item() == pytest.approx(coherency_loss(alone, band_F).item())
    loss.backward()  # type: ignore[no-untyped-call]
    assert first.grad is not None and bool(first.grad.isfinite().all())


def test_where_nothing_moves_there_is_an_error_that_says_so() -> None:
    still = torch.full((4, WINDOW, 2), 0.3)
    spectrum = pooled(still, torch.rand(4, WINDOW, 2))
    with pytest.raises(FlatSignal, match="all 2 pairs of signals are flat"):
        coherency_loss(spectrum, spectrum.band(0.1, 1.0))


def test_what_cannot_be_a_spectrum_is_refused() -> None:
    eight = torch.rand(4, 8, 1)
    with pytest.raises(BadConfig, match=r"none lies within 0\.1 to 1\.0 Hz: take longer strips"):
        cross_spectrum(eight, eight, dt_s=0.05).band(0.1, 1.0)
    with pytest.raises(BadConfig, match="does not fit strips of 8"):
        cross_spectrum(eight, eight, dt_s=0.05, window=9)
    with pytest.raises(BadConfig, match="are no pairs"):
        cross_spectrum(eight, eight[:2], dt_s=0.05)
