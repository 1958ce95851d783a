"""A delay that is planted on pictures, and what the losses of the spectrum leave of it.

Pictures of experts' episodes come 200 ms late; a delay on the actions' side is taught by the
coherency, and by the chapter's squared modulus.

Legend: N strips, T steps, F frequencies.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from benchmarks.row import Row
from vla_sim.agents.controls import POLICIES
from vla_sim.align.losses.coherency import coherency_loss, magnitude_loss
from vla_sim.align.losses.spectrum import (
    CrossSpectrum,
    coherence,
    cross_spectrum,
    delay_s,
    noise_line,
)
from vla_sim.envs.crank import Crank
from vla_sim.envs.plan import plan_episodes
from vla_sim.envs.rollout import run_all
from vla_sim.envs.suites import tasks_of

DELAY_TASKS = tasks_of(("Lift", "PushToRegion"))
DELAY_SEEDS = range(700_000, 700_048)
"""Episodes a task."""
STRIP_STEPS = 64
PLANTED_STEPS = 4
"""Of 50 ms each."""
STRIPS_A_BATCH = 8
"""As a step of training has them of one body."""
DELAY_UPDATES = 200
DELAY_RATE = 0.002
"""[s] for a slope of one a second."""
SPLITS = 5
"""Of the episodes, into one half to learn from and one to measure on."""
BAND_HZ = (0.1, 1.0)


@dataclass(frozen=True, kw_only=True)
class Motion:
    """What is seen and what is done in some strips, (N, T, 1) each."""

    seen_NT1: Tensor
    acted_NT1: Tensor
    dt_s: float

    def of(self, rows: NDArray[np.int64]) -> "Motion":
        """Some of the strips."""
        at = torch.as_tensor(rows)
        return Motion(seen_NT1=self.seen_NT1[at], acted_NT1=self.acted_NT1[at], dt_s=self.dt_s)


def motion_of_experts(delay_steps: int) -> Motion:
    """Strips of experts' episodes whose pictures come late.

    What is seen is how much the picture changes over a step; what is done, the commanded speed.
    """
    seen, acted, dt_s = [], [], 0.0
    for task_id in DELAY_TASKS:
        crank = Crank(task_id, 16)
        plan = plan_episodes(task_id, DELAY_SEEDS, manner="slowly")
        for episode in run_all(
            crank, POLICIES["expert"](task_id, crank.task), plan, keep_images=True
        ):
            assert episode.images is not None
            dt_s = episode.control_dt_s
            changed = np.abs(np.diff(episode.images.astype(np.float64), axis=0)).mean((1, 2, 3))
            late = np.concatenate([np.zeros(delay_steps), changed])
            speed = np.linalg.norm(episode.actions[:, :3].astype(np.float64), axis=1)
            if episode.n_steps >= STRIP_STEPS:
                seen.append(late[:STRIP_STEPS])
                acted.append(speed[:STRIP_STEPS])
    return Motion(
        seen_NT1=torch.as_tensor(np.array(seen)).unsqueeze(-1),
        acted_NT1=torch.as_tensor(np.array(acted)).unsqueeze(-1),
        dt_s=dt_s,
    )


class Lateness(nn.Module):
    """A delay that can be learnt; at first it is none."""

    def __init__(self) -> None:
        super().__init__()
        self.late_s = nn.Parameter(torch.zeros((), dtype=torch.float64))

    def forward(self, signal_NT1: Tensor, dt_s: float) -> Tensor:
        """The signals, later by so much; before they begin there is nothing."""
        n_steps = signal_NT1.shape[1]
        padded_NT1 = nn.functional.pad(signal_NT1, (0, 0, n_steps, 0))
        frequency_F1 = torch.fft.rfftfreq(2 * n_steps, dt_s, dtype=torch.float64)[:, None]
        turned_NF1 = torch.fft.rfft(padded_NT1, dim=1) * torch.exp(
            -2j * torch.pi * frequency_F1 * self.late_s
        )
        late_NT1: Tensor = torch.fft.irfft(turned_NF1, n=2 * n_steps, dim=1)[:, n_steps:]
        return late_NT1


def spectrum_of(motion: Motion, own: Lateness) -> CrossSpectrum:
    """Of the delayed actions and what is seen."""
    acted_NT1 = own(motion.acted_NT1, motion.dt_s)
    return cross_spectrum(acted_NT1, motion.seen_NT1, dt_s=motion.dt_s)


Loss = Callable[[CrossSpectrum, Tensor], Tensor]


def taught(motion: Motion, loss: Loss, *, scaled: bool = False) -> Lateness:
    """A delay that was taught by a loss, a few strips at a time as in training.

    In a sum of terms a gradient moves what it is large enough to move: plain steps of one size are
    for both losses. An optimiser that scales gradients hides how flat a loss is where it is alone.
    """
    own, rng = Lateness(), np.random.default_rng(0)
    steps: torch.optim.Optimizer = (
        torch.optim.Adam(own.parameters(), lr=0.004)
        if scaled
        else torch.optim.SGD(own.parameters(), lr=DELAY_RATE)
    )
    for _ in range(DELAY_UPDATES):
        some = rng.choice(len(motion.seen_NT1), STRIPS_A_BATCH, replace=False)
        spectrum = spectrum_of(motion.of(some), own)
        steps.zero_grad()
        loss(spectrum, spectrum.band(*BAND_HZ)).backward()  # type: ignore[no-untyped-call]
        steps.step()
    return own


@torch.no_grad()
def left_ms(motion: Motion, own: Lateness) -> float:
    """By how much what is seen is late for what is done, by the phase [ms]."""
    spectrum = spectrum_of(motion, own)
    return 1e3 * float(delay_s(spectrum, spectrum.band(*BAND_HZ))[0])


def delay_rows() -> Iterator[Row]:
    """A delay of 200 ms, planted, and what each loss leaves of it on episodes it has not met."""
    motion, n = motion_of_experts(PLANTED_STEPS), 0
    left: dict[str, list[float]] = {}
    for split in range(SPLITS):
        order = np.random.default_rng(split).permutation(len(motion.seen_NT1))
        n = len(order) // 2
        known, unknown = motion.of(order[n:]), motion.of(order[:n])
        made = {"none": Lateness()}
        for name, loss in (("coherency", coherency_loss), ("modulus", magnitude_loss)):
            made[name] = taught(known, loss)
            made[f"{name}, Adam"] = taught(known, loss, scaled=True)
        for name, own in made.items():
            left.setdefault(name, []).append(left_ms(unknown, own))

    def said(name: str) -> str:
        each = ", ".join(f"{value:.0f}" for value in left[name])
        return f"{np.mean(left[name]):.0f} ms ({each})"

    planted = 1e3 * PLANTED_STEPS * motion.dt_s
    yield Row(
        name=f"pictures {planted:.0f} ms late, {SPLITS} splits, {n} episodes held out: delay",
        value=said("none"),
        bar="within 50 ms of it",
        holds=abs(float(np.mean(left["none"])) - planted) < 50.0,
    )
    yield Row(
        name=f"left by the complex coherency, {DELAY_UPDATES} updates",
        value=said("coherency"),
        bar="each < 50 ms",
        holds=max(map(abs, left["coherency"])) < 50.0,
    )
    yield Row(
        name="left by the squared modulus, the chapter's form, at the same rate",
        value=said("modulus"),
        bar="fails: each >= 50 ms",
        holds=min(map(abs, left["modulus"])) >= 50.0,
    )
    yield Row(
        name="the same by Adam, which makes up for a flat loss where it is alone",
        value=f"coherency {said('coherency, Adam')}, modulus {said('modulus, Adam')}",
        bar="printed",
        holds=True,
    )
    with torch.no_grad():
        own = Lateness()
        values: dict[str, list[float]] = {"coherency": [], "modulus": []}
        for late_s in (0.0, 1e-3 * planted):
            own.late_s.fill_(late_s)
            spectrum = spectrum_of(motion, own)
            band_F = spectrum.band(*BAND_HZ)
            values["coherency"].append(float(coherency_loss(spectrum, band_F)))
            values["modulus"].append(float(magnitude_loss(spectrum, band_F)))
        shared = float((coherence(spectrum)[0] * band_F).sum() / band_F.sum())
        line = noise_line(spectrum.n_windows)
    yield Row(
        name=f"what each loss gains by taking out {planted:.0f} ms, {2 * n} episodes",
        value=(
            f"coherency {values['coherency'][0]:.3f} to {values['coherency'][1]:.3f}, modulus "
            f"{values['modulus'][0]:.3f} to {values['modulus'][1]:.3f}; squared coherence then "
            f"{shared:.2f}, line of noise {line:.2f}"
        ),
        bar="printed",
        holds=True,
    )
