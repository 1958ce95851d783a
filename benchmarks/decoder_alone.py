"""What can a decoder learn that is told the truth? A minute a task, since it sees no pictures.

`python -m benchmarks.decoder_alone PushToRegion --layers 3` trains nothing but a decoder, by the
rehearsal of `align`: on states that it reached itself and the expert's labels of them (DAgger). It
then acts on true aims that err as an eye does. What fails here fails for want of states, of memory
or of depth; what succeeds here and fails in a model that sees fails for want of an eye.
"""

import argparse
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import count

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn.utils import clip_grad_norm_

from benchmarks.row import percent
from vla_sim.agents.experts.table import expert_for
from vla_sim.align.batch import StepBatch
from vla_sim.align.encoders.tokenizer import Tokenizer
from vla_sim.align.model import AlignModel, ModelConfig, likeliest
from vla_sim.align.objective import noisy_aims, rehearsed, seen_hazard
from vla_sim.align.optimiser import OptimiserConfig
from vla_sim.envs.crank import Crank, CrankConfig
from vla_sim.envs.language.codes import decode
from vla_sim.envs.plan import plan_episodes
from vla_sim.envs.rollout import Rollout, run_all
from vla_sim.envs.task_names import task_id_of
from vla_sim.envs.task_table import TaskTable
from vla_sim.eval.body import body_of
from vla_sim.eval.metrics.manner_kept import manner_kept
from vla_sim.eval.statistics import wilson
from vla_sim.loop.aligning.learner import fit_bodies
from vla_sim.loop.model_bodies import bodies_of
from vla_sim.loop.simulating.labels import Labeller
from vla_sim.records.episode import Episode, EpisodeSpec
from vla_sim.records.teacher_input import TeacherInput
from vla_sim.records.triple import N_QUERIES, Rows, StepTriples
from vla_sim.triples.buffer import TripleBuffer, TripleBufferConfig
from vla_sim.triples.spec import step_spec

Floats = NDArray[np.float32]
N_SLOTS, WARM_UP_ROWS, ROUND, BATCH = 16, 1_024, 100, 192
"""Simulations of a task, moments of the expert before the first update, updates a round, moments an
update, each with all goals of its scene."""
FIRST_TRAINING, FIRST_TOLD = 1_000_000, 30_000
"""Scenes that are learnt from, and scenes that are reported; no benchmark has either."""
KEPT = 0.8
"""How much of an error stays from one look to the next."""
LAST_EXPERT_SHARE = 0.3
CPU = torch.device("cpu")


@dataclass(frozen=True, kw_only=True)
class Settings:
    """What is tried."""

    tasks: Sequence[str]
    updates: int
    rows: int
    memory: int
    layers: int
    hazard: int
    noise: float
    episodes: int
    seed: int


@cache
def said(meaning: int, width: int) -> Floats:
    """What stands for the words: what is asked, which way and how; an aim says of which thing."""
    what = decode(meaning)
    parts = (what.intent_id, what.target.relation, what.manner)
    drawn = [np.random.default_rng(zlib.crc32(part.encode())).normal(size=width) for part in parts]
    together: Floats = np.sum(drawn, axis=0).astype(np.float32)
    return together


class Learner:
    """A model of which only the decoder learns, and the moments that it learns from."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.generator = torch.Generator().manual_seed(settings.seed)
        self.rng = np.random.default_rng(settings.seed)
        self.table = TaskTable()
        self.task_body = bodies_of(self.table).task_body
        capacity = settings.memory * len(settings.tasks)
        self.memory: TripleBuffer = TripleBufferConfig(capacity=capacity).build(step_spec(0, 0))
        self.model: AlignModel | None = None

    def begin(self) -> AlignModel:
        """Make the model, with scales of what is remembered so far."""
        torch.manual_seed(self.settings.seed)
        layers, n_hazard = self.settings.layers, self.settings.hazard
        config = ModelConfig(decoder_layers=layers, n_hazard=n_hazard, lines=True)
        first = self.memory.sample(len(self.memory), self.rng)
        bodies = fit_bodies(first, self.table)
        self.model = config.build(bodies, Tokenizer.from_corpus(()), self.generator)
        return self.model

    def batch(self, rows: Rows) -> tuple[StepBatch, Tensor]:
        """Moments, and what was said of each of their goals (B, G, D)."""
        assert self.model is not None
        width = self.model.text.width
        texts = [[said(code, width) for code in row] for row in rows["meaning"].tolist()]
        batch = StepBatch.of(StepTriples(**rows), self.task_body, CPU)  # type: ignore[arg-type]
        return batch, torch.as_tensor(np.array(texts))

    def learn(self) -> Tensor:
        """The loss of a batch."""
        assert self.model is not None
        batch, text_BGD = self.batch(self.memory.sample(BATCH, self.rng))
        noise_BQ = torch.full((BATCH, N_QUERIES), self.settings.noise)
        loss, _ = rehearsed(
            self.model, batch, text_BGD, noise_BQ=noise_BQ, generator=self.generator
        )
        return loss

    @torch.no_grad()
    def chunks(self, rows: Rows, goal: NDArray[np.int64], error: Tensor) -> Floats:
        """What it would do for one goal of each moment, told points that err by so much."""
        assert self.model is not None
        batch, text_BGD = self.batch(rows)
        still_BQ = torch.zeros(len(goal), N_QUERIES)
        aims = noisy_aims(self.model, batch, noise_BQ=still_BQ, generator=self.generator)
        scale_B113 = self.model.normaliser.goal_scale_M3[batch.body_B][:, None, None]
        aims.point_NQ3.add_(error[:, None] * scale_B113)
        chunk_BGZKA, logit_BGZ, _ = self.model.decode(
            aims, seen_hazard(batch.hazard_BS), text_BGD, batch.proprio_BP, batch.body_B
        )
        best_BGKA = likeliest(chunk_BGZKA, logit_BGZ).clamp(-1.0, 1.0)
        chosen: Floats = best_BGKA.numpy()[np.arange(len(goal)), goal]
        return chosen


class Acting:
    """The learner in a crank; while it learns, the expert labels, and acts in some episodes."""

    needs_images = False
    n_action_steps = 2

    def __init__(self, learner: Learner, crank: Crank, *, learns: bool) -> None:
        self.learner, self.crank, self.learns = learner, crank, learns
        expert = expert_for(crank.task_id, crank.embodiment, crank.task.manners)
        self.labeller = Labeller(crank, expert, learner.table)
        self.expert_share = 1.0 if learns else 0.0
        self.error = torch.zeros(crank.n, N_QUERIES, 3)
        self.led = np.ones(crank.n, dtype=np.bool_)
        self.n_rows = 0

    def reset(self, ids: NDArray[np.int64]) -> None:
        """New episodes begin: other errors, and it is drawn who acts."""
        self.error[ids] = self._errors(len(ids))
        self.led[ids] = self.learner.rng.random(len(ids)) < self.expert_share

    def teach(self, known: TeacherInput) -> Floats:
        """The learner's chunks, or the expert's where it leads."""
        ids, n_act = known.told.row, self.crank.embodiment.n_act
        blank = np.zeros((len(ids), 1, 1, 3), dtype=np.uint8)
        rows = dict(self.labeller.rows(ids, ~self.led[ids], blank))
        rows["image"] = rows["image"][:, :0, :0]
        self.error[ids] = KEPT * self.error[ids] + (1 - KEPT**2) ** 0.5 * self._errors(len(ids))
        if self.learns:
            self.learner.memory.add(rows)
            self.n_rows += len(ids)
        chunk: Floats = rows["chunk"][np.arange(len(ids)), known.goal].astype(np.float32)
        if self.learner.model is not None and not self.led[ids].all():
            own = self.learner.chunks(rows, known.goal, self.error[ids])
            chunk = np.where(self.led[ids][:, None, None], chunk, own)
        return chunk[:, :, :n_act]

    def _errors(self, n: int) -> Tensor:
        drawn = torch.randn(n, N_QUERIES, 3, generator=self.learner.generator)
        return self.learner.settings.noise * drawn


def learnt(settings: Settings) -> Learner:
    """A learner after its training."""
    learner = Learner(settings)
    cranks = [Crank(task_id_of(name), N_SLOTS, CrankConfig()) for name in settings.tasks]
    acting = [Acting(learner, crank, learns=True) for crank in cranks]
    rollouts = [Rollout(actor.crank, actor, _endless(actor.crank.task_id)) for actor in acting]

    def collect(n_rows: int) -> None:
        for actor, rollout in zip(acting, rollouts, strict=True):
            until = actor.n_rows + n_rows
            while actor.n_rows < until:
                rollout.advance()

    collect(WARM_UP_ROWS)
    decoder = learner.begin().decoder
    rates = OptimiserConfig()
    adam = torch.optim.AdamW(decoder.parameters(), weight_decay=rates.weight_decay)
    for update in range(settings.updates):
        fraction = update / settings.updates
        if update and update % ROUND == 0:
            for actor in acting:
                actor.expert_share = max(LAST_EXPERT_SHARE, 1.0 - 4.0 * fraction)
            collect(settings.rows)
        adam.zero_grad()
        torch.autograd.backward(learner.learn())
        clip_grad_norm_(decoder.parameters(), rates.gradient_norm)
        for group in adam.param_groups:
            group["lr"] = rates.learning_rate * rates.share(fraction)
        adam.step()
    return learner


def _endless(task_id: str) -> Iterator[EpisodeSpec]:
    for block in count():
        first = FIRST_TRAINING + 1_000 * block
        yield from plan_episodes(task_id, range(first, first + 1_000))


def told(episodes: Sequence[Episode], crank: Crank) -> str:
    """How often episodes succeeded, and what else they were."""
    body, n = body_of(crank.embodiment, crank.task.manners), len(episodes)
    shares = {
        "success": [episode.success_at_end for episode in episodes],
        "manner kept": [manner_kept(episode, body) > 0.0 for episode in episodes],
        "collision": [bool(episode.violations["collision"].any()) for episode in episodes],
    }
    parts = (f"{what} {percent(wilson(sum(hits), n))}" for what, hits in shares.items())
    return f"{', '.join(parts)}, n = {n}"


def tell(learner: Learner) -> None:
    """Let it act on scenes of its own, and print what came of it."""
    n = learner.settings.episodes
    for name in learner.settings.tasks:
        crank = Crank(task_id_of(name), n, CrankConfig())
        plan = plan_episodes(crank.task_id, range(FIRST_TOLD, FIRST_TOLD + n))
        episodes = run_all(crank, Acting(learner, crank, learns=False), plan)
        print(f"{name}: {told(episodes, crank)}", flush=True)


def main() -> None:
    """Train, act and tell."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("tasks", nargs="+", help="learnt by one decoder")
    parser.add_argument("--updates", type=int, default=3_000)
    parser.add_argument("--rows", type=int, default=2_048, help=f"of a task, every {ROUND} updates")
    parser.add_argument("--memory", type=int, default=20_000, help="moments kept of a task")
    parser.add_argument("--layers", type=int, default=3, help="hidden layers")
    parser.add_argument("--hazard", type=int, default=96, help="numbers that tell of hazards")
    parser.add_argument("--noise", type=float, default=0.04, help="on points, of the goal's scale")
    parser.add_argument("--episodes", type=int, default=100)
    parser.add_argument("--seed", type=int, default=0)
    torch.set_num_threads(1)
    tell(learnt(Settings(**vars(parser.parse_args()))))


if __name__ == "__main__":
    main()
