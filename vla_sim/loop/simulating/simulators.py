"""The simulators of one process: they collect triples and evaluate policies, on demand.

One object holds a crank per task. Collection runs forever: a call continues the episodes where the
last one left them. Evaluation runs its own plan from the start.
"""

import itertools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

from vla_sim.agents.aligned import AlignedPolicy
from vla_sim.agents.controls import ExpertPolicy
from vla_sim.agents.experts.table import expert_for
from vla_sim.agents.mixed import MixedPolicy
from vla_sim.envs.crank import Crank, CrankConfig
from vla_sim.envs.language.codes import encode
from vla_sim.envs.plan import draw_spec
from vla_sim.envs.rollout import Rollout, run_all
from vla_sim.envs.streams import first_training_seed
from vla_sim.envs.suites import SPINE
from vla_sim.envs.task_table import TaskTable
from vla_sim.envs.tasks import make_task
from vla_sim.loop.choice import Choice
from vla_sim.loop.outsiders import acting_for
from vla_sim.loop.simulating.labels import Labeller
from vla_sim.protocols.chunk_model import ChunkModel
from vla_sim.ranges import some, whole, within
from vla_sim.records.episode import Episode, EpisodeSpec
from vla_sim.records.triple import Rows
from vla_sim.triples.segment import segment
from vla_sim.triples.strip import strip


@dataclass(frozen=True, kw_only=True)
class StationConfig:
    """Settings of the simulators of one task."""

    n_slots: int = 16
    """Simulations per task."""
    label_every: int = 2
    """Control steps from one labelled picture to the next: neighbours teach little."""
    clip_jitter: float = 0.0
    """How far the two inner pictures of a segment leave their even places, at most, as a share of
    the time between two: then an order of events is learnt, and no instant."""
    crank: CrankConfig = field(default_factory=CrankConfig)

    def __post_init__(self) -> None:
        whole(1, n_slots=self.n_slots, label_every=self.label_every)
        within(0, 0.45, clip_jitter=self.clip_jitter)


@dataclass(frozen=True, kw_only=True)
class SimulatorsConfig:
    """Settings of Simulators: a station for each of some tasks."""

    task_ids: tuple[str, ...] = SPINE
    stations: StationConfig = field(default_factory=StationConfig)
    table: TaskTable = field(default_factory=TaskTable)
    """The tasks that triples count by: those above, and whatever else the run brings along."""
    strip_steps: int = 0
    """Steps of the strips that some episodes give, see `strip`; 0 for none."""

    def __post_init__(self) -> None:
        some(task_ids=self.task_ids)
        whole(0, strip_steps=self.strip_steps)
        for task_id in self.task_ids:
            self.table.index(task_id)


@dataclass(frozen=True, kw_only=True)
class Harvest:
    """What one call of `collect` brought."""

    steps: Rows
    """Rows of StepTriples."""
    segments: Rows | None
    """Rows of SegmentTriples of the episodes that ended in success; None if there were none."""
    strips: Rows | None = None
    """Rows of StripTriples of some episodes; None if there were none."""
    n_episodes: int
    n_successes: int
    n_env_steps: int


class Simulators:
    """Cranks, experts and labels for some tasks."""

    def __init__(self, config: SimulatorsConfig, *, seed: int = 0) -> None:
        """Simulators that have not begun.

        Args:
            config: Settings.
            seed: Chooses the block of training scenes, see `first_training_seed`.

        Raises:
            BadConfig: If the seed is none.
        """
        self.config = config
        first_seed = first_training_seed(seed)
        self._stations = {
            task_id: _Station(task_id, config, first_seed) for task_id in config.task_ids
        }

    def collect(self, model: ChunkModel | None, *, expert_share: float, n_rows: int) -> Harvest:
        """Run on until every task has brought `n_rows` step triples.

        Args:
            model: The learner that acts where the expert does not; None: the expert acts always.
            expert_share: Probability that the expert acts in a stretch of an episode.
            n_rows: Step triples per task.
        """
        harvests = [
            station.collect(model, expert_share=expert_share, n_rows=n_rows)
            for station in self._stations.values()
        ]
        return Harvest(
            steps=concatenated([h.steps for h in harvests]),
            segments=joined([h.segments for h in harvests]),
            strips=joined([h.strips for h in harvests]),
            n_episodes=sum(h.n_episodes for h in harvests),
            n_successes=sum(h.n_successes for h in harvests),
            n_env_steps=sum(h.n_env_steps for h in harvests),
        )

    def evaluate(
        self, policy: str | Choice, plan: Mapping[str, Sequence[EpisodeSpec]]
    ) -> list[Episode]:
        """Run each task's planned episodes with a policy, see `policy_of`; no pictures are kept."""
        episodes: list[Episode] = []
        for task_id, specs in plan.items():
            crank = self._stations[task_id].spare_crank
            episodes += run_all(crank, acting_for(policy, crank), specs)
        return episodes

    def gallery(self, plan: Mapping[str, Sequence[EpisodeSpec]]) -> Rows | None:
        """Segment triples of the experts' episodes: the held-out gallery of retrieval.

        None if no episode succeeded.
        """
        rows: list[Rows] = []
        for task_id, specs in plan.items():
            station = self._stations[task_id]
            episodes = run_all(station.spare_crank, station.expert, specs, keep_images=True)
            rows += [segment_rows(e, station.task_index) for e in episodes if e.success_once]
        return concatenated(rows) if rows else None


class _Station:
    """One task: a crank whose episodes go on from call to call, and one for evaluations."""

    def __init__(self, task_id: str, config: SimulatorsConfig, first_seed: int) -> None:
        self.task_id = task_id
        self.table = config.table
        self.task_index = self.table.index(task_id)
        self.config = config.stations
        self._strip_steps = config.strip_steps
        self.first_seed = first_seed
        self._run: Rollout | None = None
        self._turn = 0

    @cached_property
    def crank(self) -> Crank:
        """The crank of the collection, made when it is first needed."""
        return Crank(self.task_id, self.config.n_slots, self.config.crank)

    @cached_property
    def spare_crank(self) -> Crank:
        """A second crank, so that an evaluation leaves the collection alone."""
        return Crank(self.task_id, self.config.n_slots, self.config.crank)

    @cached_property
    def expert(self) -> ExpertPolicy:
        """The task's expert as a teacher."""
        task = make_task(self.task_id)
        return ExpertPolicy(expert_for(self.task_id, task.robot.embodiment, task.manners))

    @cached_property
    def _labeller(self) -> Labeller:
        return Labeller(self.crank, self.expert.expert, self.table)

    @cached_property
    def _policy(self) -> MixedPolicy:
        return MixedPolicy(self.expert)

    def collect(self, model: ChunkModel | None, *, expert_share: float, n_rows: int) -> Harvest:
        policy = self._policy
        # What the raw chunks lead to is what has to be learnt from.
        learner = None if model is None else AlignedPolicy(model, ensemble=0.0)
        policy.share_with(learner, expert_share)
        if self._run is None:
            self._run = Rollout(self.crank, policy, self._plan(), keep_images=True)
        run = self._run
        rows: list[Rows] = []
        segments: list[Rows] = []
        strips: list[Rows] = []
        n_labelled = n_episodes = n_successes = n_env_steps = 0
        while n_labelled < n_rows:
            if self._turn % self.config.label_every == 0:
                rows.append(self._label(run))
                n_labelled += self.crank.n
            self._turn += 1
            n_env_steps += self.crank.n
            for _, episode in run.advance():
                n_episodes += 1
                n_successes += episode.success_once
                if episode.success_once:
                    segments.append(
                        segment_rows(episode, self.task_index, jitter=self.config.clip_jitter)
                    )
                if self._strip_steps:
                    cut = strip(episode, task=self.task_index, n_steps=self._strip_steps)
                    strips += [] if cut is None else [vars(cut)]
        return Harvest(
            steps=concatenated(rows),
            segments=joined(segments),
            strips=joined(strips),
            n_episodes=n_episodes,
            n_successes=n_successes,
            n_env_steps=n_env_steps,
        )

    def _label(self, run: Rollout) -> Rows:
        ids = np.arange(self.crank.n)
        mine = ~self._policy.expert_acts(self.crank.seed, self.crank.steps)
        return self._labeller.rows(ids, mine, run.latest_images(ids))

    def _plan(self) -> Iterator[EpisodeSpec]:
        return (draw_spec(self.task_id, seed) for seed in itertools.count(self.first_seed))


def segment_rows(episode: Episode, task_index: int, *, jitter: float = 0.0) -> Rows:
    """The segment triple of an episode whose pictures were kept, as rows; see `segment`."""
    assert episode.cell is not None and episode.cell_visible is not None
    triple = segment(
        episode,
        task=task_index,
        meaning=encode(episode.instruction.meaning),
        cell=episode.cell,
        cell_visible=episode.cell_visible,
        jitter=jitter,
    )
    return vars(triple)


def concatenated(parts: Sequence[Rows]) -> Rows:
    """Rows one after the other."""
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}


def joined(parts: Sequence[Rows | None]) -> Rows | None:
    """Rows one after the other, of the parts that have some; None if none has."""
    some = [part for part in parts if part is not None]
    return concatenated(some) if some else None
