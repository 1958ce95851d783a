"""What can a decoder learn that is told the truth? A minute a task, since no picture is drawn.

`python -m benchmarks.decoder_alone PushToRegion --layers 3` trains nothing but a decoder, on states
that it reached itself and the expert's labels of them (DAgger), and lets it act on true aims that
err as an eye does. What fails here fails for want of states, memory or depth; what succeeds here
and fails in a model that sees fails for want of an eye.

Legend: N rows, Q queries, K chunk steps, A action components.
"""

import argparse
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import count

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional
from torch.nn.utils import clip_grad_norm_

from benchmarks.row import percent
from vla_sim.agents.experts.table import expert_for
from vla_sim.align.aims import Aims, told_of
from vla_sim.align.heads import Decoder
from vla_sim.align.losses.behaviour import behaviour_loss
from vla_sim.align.model import likeliest
from vla_sim.align.optimiser import OptimiserConfig
from vla_sim.envs.crank import Crank, CrankConfig
from vla_sim.envs.plan import plan_episodes
from vla_sim.envs.rollout import Rollout, run_all
from vla_sim.envs.task_names import task_id_of
from vla_sim.eval.body import body_of
from vla_sim.eval.metrics.manner_kept import manner_kept
from vla_sim.eval.statistics import wilson
from vla_sim.records.episode import EpisodeSpec
from vla_sim.records.manner import MANNERS
from vla_sim.records.teacher_input import TeacherInput
from vla_sim.records.triple import CHUNK_SIZE, N_ACT, N_PROPRIO, N_QUERIES

Floats = NDArray[np.float32]
N_SLOTS, WARM_UP_ROWS, ROUND = 16, 1_024, 100
"""Simulations of a task, rows of the expert before the first update, updates a round."""
FIRST_TRAINING, FIRST_TOLD = 1_000_000, 30_000
"""Scenes that are learnt from, and scenes that are reported; no benchmark has either."""
SCALE_M, KEPT = 0.25, 0.8
"""What lengths are divided by [m]; how much of an error stays from look to look."""
LAST_EXPERT_SHARE = 0.3


@dataclass(frozen=True, kw_only=True)
class Settings:
    """What is tried."""

    tasks: Sequence[str]
    updates: int
    rows: int
    memory: int
    layers: int
    error_mm: float
    episodes: int
    seed: int


class Learner:
    """A decoder, what it is told with, and what it remembers of each task."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.rng = np.random.default_rng(settings.seed)
        torch.manual_seed(settings.seed)
        self.n_said = len(settings.tasks) + len(MANNERS)
        self.decoder = Decoder(
            n_text=self.n_said,
            n_hazard=0,
            robots=["arm"],
            hidden=256,
            n_layers=settings.layers,
            n_modes=2,
            hears_lines=True,
        )
        self.memory: list[dict[str, NDArray[np.generic]]] = [{} for _ in settings.tasks]
        self.centre, self.scale = torch.zeros(N_PROPRIO), torch.ones(N_PROPRIO)

    def fit_scales(self) -> None:
        """Read off the first rows what proprioception is like."""
        seen = torch.cat([torch.as_tensor(of["proprio"]) for of in self.memory])
        self.centre, self.scale = seen.mean(0), seen.std(0).clamp_min(0.02)
        self.centre[3:5], self.scale[3:5] = 0.0, 1.0

    def decide(
        self, rows: dict[str, NDArray[np.generic]], error_m: Floats
    ) -> tuple[Tensor, Tensor]:
        """Chunks of each mode (N, Z, K, A) and their logits (N, Z), told points that err."""
        point_NQ3 = torch.as_tensor(rows["point"].astype(np.float32))
        point_NQ3[..., :2] += torch.as_tensor(error_m)
        proprio_NP = torch.as_tensor(rows["proprio"])
        aims = Aims(
            point_NQ3=point_NQ3,
            has_point_NQ=torch.as_tensor(rows["has"].astype(np.float32)),
            held_N=torch.as_tensor(rows["held"].astype(np.float32)),
        )
        told_NX = told_of(aims, proprio_NP, torch.full((len(proprio_NP), 1, 1), SCALE_M))
        body_N1 = torch.ones(len(proprio_NP), 1)
        known_NX = torch.cat(((proprio_NP - self.centre) / self.scale, body_N1), dim=-1)
        said_NX = functional.one_hot(torch.as_tensor(rows["task"]), len(self.settings.tasks))
        manner_NX = functional.one_hot(torch.as_tensor(rows["manner"]), len(MANNERS))
        about_NX = torch.cat((known_NX, said_NX, manner_NX), dim=-1)
        body_N = torch.zeros(len(proprio_NP), dtype=torch.int64)
        chunk_N1ZKA, logit_N1Z = self.decoder(told_NX[:, None], about_NX[:, None], body_N)
        return chunk_N1ZKA[:, 0], logit_N1Z[:, 0]

    def remember(self, task: int, rows: dict[str, NDArray[np.generic]]) -> None:
        """Take in rows; the oldest make room."""
        of = self.memory[task]
        for name, values in rows.items():
            both = np.concatenate((of[name], values)) if name in of else values
            of[name] = both[-self.settings.memory :]

    def drawn(self, n: int) -> dict[str, NDArray[np.generic]]:
        """Rows of all tasks, as many of each."""
        parts = []
        for of in self.memory:
            rows = self.rng.integers(len(of["task"]), size=n // len(self.memory))
            parts.append({name: values[rows] for name, values in of.items()})
        return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}

    def errors(self, n: int) -> Floats:
        """Fresh errors of an eye, (n, Q, 2) [m]."""
        drawn = self.rng.normal(size=(n, N_QUERIES, 2))
        return (1e-3 * self.settings.error_mm * drawn).astype(np.float32)


class Acting:
    """The learner in the slots of a crank; while it learns, the expert labels and acts at times."""

    needs_images = False
    n_action_steps = 2

    def __init__(self, learner: Learner, task: int, crank: Crank, *, learns: bool) -> None:
        self.learner, self.task, self.crank, self.learns = learner, task, crank, learns
        self.expert = expert_for(crank.task_id, crank.embodiment, crank.task.manners)
        self.expert_share = 1.0 if learns else 0.0
        self.error = np.zeros((crank.n, N_QUERIES, 2), dtype=np.float32)
        self.led = np.ones(crank.n, dtype=np.bool_)
        self.n_rows = 0

    def reset(self, ids: NDArray[np.int64]) -> None:
        """New episodes begin: other errors, and it is drawn who acts."""
        self.error[ids] = self.learner.errors(len(ids))
        self.led[ids] = self.learner.rng.random(len(ids)) < self.expert_share

    def teach(self, known: TeacherInput) -> Floats:
        """The learner's chunks, or the expert's where it leads."""
        ids, learner = known.told.row, self.learner
        points = self.crank.task.points()
        proprio = np.zeros((len(ids), N_PROPRIO), dtype=np.float32)
        seen = known.told.observation.proprio
        proprio[:, : seen.shape[1]] = seen
        rows: dict[str, NDArray[np.generic]] = {
            "point": points.at[ids, known.goal],
            "has": points.exists[ids, known.goal],
            "held": points.held[ids, known.goal],
            "proprio": proprio,
            "task": np.full(len(ids), self.task),
            "manner": known.manner,
        }
        self.error[ids] = KEPT * self.error[ids]
        self.error[ids] += np.sqrt(1.0 - KEPT**2) * learner.errors(len(ids))
        with torch.no_grad():
            chunk_NKA = likeliest(*learner.decide(rows, self.error[ids])).clamp(-1.0, 1.0)
        chosen = chunk_NKA.numpy()[:, :, : self.crank.embodiment.n_act]
        if self.learns:
            label = self.expert.chunk(known.privileged, known.goal, known.manner, CHUNK_SIZE)
            wide = np.zeros((len(ids), CHUNK_SIZE, N_ACT), dtype=np.float32)
            wide[:, :, : label.shape[2]] = label
            learner.remember(self.task, {**rows, "chunk": wide})
            self.n_rows += len(ids)
            chosen = np.where(self.led[ids][:, None, None], label, chosen)
        return chosen.astype(np.float32)


def learnt(settings: Settings) -> Learner:
    """A decoder after its training."""
    learner = Learner(settings)
    acting = []
    for task, name in enumerate(settings.tasks):
        crank = Crank(task_id_of(name), N_SLOTS, CrankConfig(image_size=16))
        acting.append(Acting(learner, task, crank, learns=True))
    rollouts = [Rollout(actor.crank, actor, _endless(actor.crank.task_id)) for actor in acting]

    def collect(n_rows: int) -> None:
        for actor, rollout in zip(acting, rollouts, strict=True):
            until = actor.n_rows + n_rows
            while actor.n_rows < until:
                rollout.advance()

    collect(WARM_UP_ROWS)
    learner.fit_scales()
    rates = OptimiserConfig()
    adam = torch.optim.AdamW(learner.decoder.parameters(), weight_decay=rates.weight_decay)
    n_act = acting[0].crank.embodiment.n_act
    for update in range(settings.updates):
        fraction = update / settings.updates
        if update and update % ROUND == 0:
            for actor in acting:
                actor.expert_share = max(LAST_EXPERT_SHARE, 1.0 - 4.0 * fraction)
            collect(settings.rows)
        rows = learner.drawn(384)
        chunk_NZKA, logit_NZ = learner.decide(rows, learner.errors(len(rows["task"])))
        n = len(chunk_NZKA)
        loss = behaviour_loss(
            chunk_NZKA,
            logit_NZ.log_softmax(-1),
            torch.as_tensor(rows["chunk"]),
            torch.ones(n),
            (torch.arange(N_ACT) < n_act).float().expand(n, -1),
        )
        adam.zero_grad()
        torch.autograd.backward(loss)
        clip_grad_norm_(learner.decoder.parameters(), rates.gradient_norm)
        for group in adam.param_groups:
            group["lr"] = rates.learning_rate * rates.share(fraction)
        adam.step()
    return learner


def _endless(task_id: str) -> Iterator[EpisodeSpec]:
    for block in count():
        first = FIRST_TRAINING + 1_000 * block
        yield from plan_episodes(task_id, range(first, first + 1_000))


def tell(learner: Learner) -> None:
    """Print how often each task succeeds, and how often its manner is kept."""
    n = learner.settings.episodes
    for task, name in enumerate(learner.settings.tasks):
        crank = Crank(task_id_of(name), n, CrankConfig(image_size=16))
        actor = Acting(learner, task, crank, learns=False)
        plan = plan_episodes(crank.task_id, range(FIRST_TOLD, FIRST_TOLD + n))
        episodes = run_all(crank, actor, plan)
        body = body_of(crank.embodiment, crank.task.manners)
        succeeded = wilson(sum(episode.success_at_end for episode in episodes), n)
        kept = wilson(int(sum(manner_kept(episode, body) for episode in episodes)), n)
        print(f"{name}: success {percent(succeeded)}, manner kept {percent(kept)}, n = {n}")


def main() -> None:
    """Train, act and tell."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("tasks", nargs="+", help="tasks of the arm, learnt by one decoder")
    parser.add_argument("--updates", type=int, default=3_000)
    parser.add_argument("--rows", type=int, default=2_048, help=f"of a task, every {ROUND} updates")
    parser.add_argument("--memory", type=int, default=20_000, help="rows kept of a task")
    parser.add_argument("--layers", type=int, default=3, help="hidden layers")
    parser.add_argument("--error-mm", type=float, default=8.0, help="of what it is told, per axis")
    parser.add_argument("--episodes", type=int, default=100)
    parser.add_argument("--seed", type=int, default=0)
    torch.set_num_threads(1)
    tell(learnt(Settings(**vars(parser.parse_args()))))


if __name__ == "__main__":
    main()
