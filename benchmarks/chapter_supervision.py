"""What supervision is worth, in seconds: `python -m benchmarks.chapter_supervision`.

Delays: pictures of experts' episodes come 200 ms late; a delay on the actions' side is taught by
the coherency, and by the chapter's squared modulus. Reachability: the head is taught on
states that experts pass through, told true aims, and asked about episodes that it has not met.
"""

import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from benchmarks.row import Row, rows_told
from vla_sim.agents.controls import POLICIES
from vla_sim.align.batch import StepBatch
from vla_sim.align.encoders.text import BagTextConfig
from vla_sim.align.encoders.tokenizer import Tokenizer
from vla_sim.align.heads import Aims
from vla_sim.align.losses.coherency import coherency_loss, magnitude_loss
from vla_sim.align.losses.reachability import reachability_loss
from vla_sim.align.losses.spectrum import (
    CrossSpectrum,
    coherence,
    cross_spectrum,
    delay_s,
    noise_line,
)
from vla_sim.align.model import AlignModel, ModelConfig
from vla_sim.align.reach_head import ReachTime
from vla_sim.align.supervision.reachability import ReachabilityConfig, times_to_ask
from vla_sim.envs.crank import Crank
from vla_sim.envs.language.corpus import corpus
from vla_sim.envs.plan import plan_episodes
from vla_sim.envs.rollout import run_all
from vla_sim.envs.suites import tasks_of
from vla_sim.envs.task_table import TaskTable
from vla_sim.eval.detection.auroc import auroc
from vla_sim.loop.aligning.learner import fit_bodies
from vla_sim.loop.aligning.reach_labels import ReachLabels
from vla_sim.loop.aligning.wording import PhraseBank, draw_texts
from vla_sim.loop.model_bodies import bodies_of
from vla_sim.loop.simulating.simulators import Simulators, SimulatorsConfig, StationConfig
from vla_sim.records.triple import N_GOALS, Rows, StepTriples

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
RESAMPLED = 400
"""Draws of the bootstrap over episodes."""

REACH_TASKS = tasks_of(("Reach", "Lift", "DriveToGoal"))
REACH_ROWS = 1280
"""Moments a task, each with all goals of its scene."""
REACH_SEEDS = (3_000, 3_001)
"""Of the training scenes, and of those that are held out."""
REACH_UPDATES = 600
REACH_BATCH = 192
BINS = 10


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


def reach_moments(seed: int) -> Rows:
    """Step triples of the experts' episodes in one run's scenes."""
    stations = StationConfig(n_slots=16, label_every=4)
    simulators = Simulators(SimulatorsConfig(task_ids=REACH_TASKS, stations=stations), seed=seed)
    return simulators.collect(None, expert_share=1.0, n_rows=REACH_ROWS).steps


def triples(rows: Rows, at: NDArray[np.int64]) -> StepTriples:
    """Some rows as a record."""
    return StepTriples(**{name: values[at] for name, values in rows.items()})  # type: ignore[arg-type]


class ReachStudent:
    """Words and the head, told true aims: what the eye adds of its own is not measured here."""

    def __init__(self, first: Rows) -> None:
        table = TaskTable()
        torch.manual_seed(0)
        config = ModelConfig(text=BagTextConfig(), reach=True)
        self.model: AlignModel = config.build(
            fit_bodies(first, table), Tokenizer.from_corpus(corpus("seen"))
        )
        self.task_body = bodies_of(table).task_body
        self.labels = ReachLabels(table)

    def time(self, rows: StepTriples, texts: Sequence[str]) -> tuple[ReachTime, StepBatch]:
        """Of each goal, (B, G)."""
        batch = StepBatch.of(rows, self.task_body, torch.device("cpu"))
        text_BGD = self.model.encode_texts(texts).view(*batch.weight_BG.shape, -1)
        aims = Aims(
            point_NQ3=batch.goal_BGQ3, has_point_NQ=batch.has_point_BGQ, held_N=batch.held_BG
        )
        hazard_BS = batch.hazard_BS.clamp(0.005, 0.995).logit()
        _, _, state_BGX = self.model.decode(
            aims, hazard_BS, text_BGD, batch.proprio_BP, batch.body_B
        )
        assert self.model.reach is not None
        return self.model.reach(state_BGX), batch


@dataclass(frozen=True, kw_only=True)
class Answers:
    """What a student says of questions, and what is true."""

    chance: NDArray[np.float64]
    in_time: NDArray[np.bool_]
    reachable: NDArray[np.bool_]
    body: NDArray[np.int64]


def teach_reach(student: ReachStudent, rows: Rows) -> None:
    """Some hundred updates on moments with the teacher's times."""
    config, rng, phrases = ReachabilityConfig(), np.random.default_rng(0), PhraseBank(0)
    everything = np.arange(len(rows["task"]))
    least_NG = student.labels.seconds(triples(rows, everything))
    adam = torch.optim.AdamW(student.model.parameters(), lr=2e-3)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(adam, REACH_UPDATES)
    for _ in range(REACH_UPDATES):
        at = rng.choice(everything, REACH_BATCH, replace=False)
        some = triples(rows, at)
        time_BG, batch = student.time(some, phrases.draw(some.meaning, rng))
        body_BG = np.repeat(batch.body_B.numpy()[:, None], N_GOALS, axis=1)
        within = times_to_ask(least_NG[at], body_BG, rng)
        known = ~np.isnan(least_NG[at]) & ~np.isnan(within)
        least_BG = torch.as_tensor(np.where(known, least_NG[at], 0.0))
        within_BG = torch.as_tensor(np.where(known, within, 0.0))
        loss = reachability_loss(
            time_BG.logit(within_BG).flatten(),
            (within_BG - least_BG).flatten(),
            least_BG.isfinite().flatten(),
            torch.as_tensor(known, dtype=torch.float32).flatten(),
            softness_s=config.softness_s,
            margin=config.margin,
        )
        adam.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        nn.utils.clip_grad_norm_(student.model.parameters(), 1.0)
        adam.step()
        schedule.step()


@torch.no_grad()
def examined(student: ReachStudent, rows: Rows) -> Answers:
    """Questions about moments of scenes that were not learnt from, each goal asked once."""
    student.model.eval()
    rng = np.random.default_rng(1)
    everything = triples(rows, np.arange(len(rows["task"])))
    least_NG = student.labels.seconds(everything)
    body_NG = np.repeat(np.asarray(student.task_body)[everything.task][:, None], N_GOALS, axis=1)
    within_NG = times_to_ask(least_NG, body_NG, rng)
    time_NG, _ = student.time(everything, draw_texts(everything.meaning, rng))
    chance_NG = torch.sigmoid(time_NG.logit(torch.as_tensor(within_NG))).numpy()
    known = ~np.isnan(least_NG) & ~np.isnan(within_NG)
    return Answers(
        chance=chance_NG[known].astype(np.float64),
        in_time=(least_NG <= within_NG)[known],
        reachable=np.isfinite(least_NG)[known],
        body=body_NG[known],
    )


def calibration_error(chance: NDArray[np.float64], truth: NDArray[np.bool_]) -> float:
    """Expected calibration error over ten bins of equal width."""
    place = np.minimum((chance * BINS).astype(int), BINS - 1)
    return float(
        sum(
            (place == k).mean() * abs(chance[place == k].mean() - truth[place == k].mean())
            for k in range(BINS)
            if (place == k).any()
        )
    )


def error_interval(chance: NDArray[np.float64], truth: NDArray[np.bool_]) -> tuple[float, float]:
    """95 % interval of the calibration error over questions."""
    rng, n = np.random.default_rng(0), len(chance)
    drawn = [
        calibration_error(chance[at], truth[at])
        for at in (rng.integers(n, size=n) for _ in range(RESAMPLED))
    ]
    low, high = np.quantile(drawn, [0.025, 0.975])
    return float(low), float(high)


def reach_rows() -> Iterator[Row]:
    """Held-out states, arms and cars."""
    began = time.process_time()
    student = ReachStudent(known := reach_moments(REACH_SEEDS[0]))
    teach_reach(student, known)
    answers = examined(student, reach_moments(REACH_SEEDS[1]))
    cpu_s = time.process_time() - began
    bodies = student.model.bodies
    for body in (None, *np.unique(answers.body).tolist()):
        mine = np.ones(len(answers.body), bool) if body is None else answers.body == body
        name = "all" if body is None else bodies[body].name
        chance, truth = answers.chance[mine], answers.in_time[mine]
        area = auroc(chance, truth)
        error = calibration_error(chance, truth)
        low, high = error_interval(chance, truth)
        brier = float(((chance - truth) ** 2).mean())
        yield Row(
            name=f"reachability on held-out states, {name}, n = {area.n}",
            value=(
                f"AUROC {area.value:.3f} [{area.low:.3f}, {area.high:.3f}], ECE {error:.3f} "
                f"[{low:.3f}, {high:.3f}], Brier {brier:.3f}, {100 * truth.mean():.0f} % in time, "
                f"{int((~answers.reachable[mine]).sum())} unreachable"
                + (f"; {cpu_s:.0f} CPU s in all" if body is None else "")
            ),
            bar="AUROC >= .95, ECE <= .05" if body is None else "printed",
            holds=body is not None or (area.value >= 0.95 and error <= 0.05),
        )


ROWS: Mapping[str, Callable[[], Iterator[Row]]] = {"delay": delay_rows, "reach": reach_rows}


def main() -> int:
    """Print the rows; 0 if every one holds."""
    torch.set_num_threads(1)
    return rows_told(ROWS, __doc__)


if __name__ == "__main__":
    sys.exit(main())
