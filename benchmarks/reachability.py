"""What the head of reachability is worth on states that it has not met.

It is taught on states that experts pass through, told true aims, and asked about episodes of other
scenes.

Legend: B pictures, G goals a picture, N rows, D text features, S cells, X what the decoder is told.
"""

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from benchmarks.row import Row
from vla_sim.align.aims import Aims
from vla_sim.align.batch import StepBatch
from vla_sim.align.encoders.text import BagTextConfig
from vla_sim.align.encoders.tokenizer import Tokenizer
from vla_sim.align.losses.reachability import reachability_loss
from vla_sim.align.model import AlignModel, ModelConfig
from vla_sim.align.reach_head import ReachTime
from vla_sim.align.supervision.reachability import ReachabilityConfig, times_to_ask
from vla_sim.envs.language.corpus import corpus
from vla_sim.envs.suites import tasks_of
from vla_sim.envs.task_table import TaskTable
from vla_sim.eval.detection.auroc import auroc
from vla_sim.eval.statistics import central
from vla_sim.loop.aligning.learner import fit_bodies
from vla_sim.loop.aligning.reach_labels import ReachLabels
from vla_sim.loop.aligning.wording import PhraseBank, draw_texts
from vla_sim.loop.model_bodies import bodies_of
from vla_sim.loop.simulating.simulators import Simulators, SimulatorsConfig, StationConfig
from vla_sim.records.triple import N_GOALS, Rows, StepTriples

REACH_TASKS = tasks_of(("Reach", "Lift", "DriveToGoal"))
REACH_ROWS = 1280
"""Moments a task, each with all goals of its scene."""
REACH_SEEDS = (3_000, 3_001)
"""Of the training scenes, and of those that are held out."""
REACH_UPDATES = 600
REACH_BATCH = 192
BINS = 10
RESAMPLED = 400
"""Draws of the bootstrap over questions."""


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
    return central(drawn, n)


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
