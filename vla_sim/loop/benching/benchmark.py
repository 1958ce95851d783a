"""Benchmark: what is measured, whoever acts; a run measures it, and a file can hold it."""

from dataclasses import dataclass, field

from vla_sim.envs.chain import MAX_INSTRUCTIONS
from vla_sim.envs.crank import CrankConfig
from vla_sim.envs.streams import TRAIN_SEEDS_FROM
from vla_sim.envs.suites import SPINE, SUITES, tasks_of
from vla_sim.envs.task_names import short_name
from vla_sim.errors import BadConfig, UnknownName
from vla_sim.loop.benching.measurement import Measurement
from vla_sim.loop.evaluation import ALL_ARMS, GALLERY_SEEDS_FROM
from vla_sim.ranges import MAX_EPISODE_SEED, some, whole
from vla_sim.records.episode import Arm
from vla_sim.records.instruction import Language
from vla_sim.records.shift import Shift

BENCH_SEEDS_FROM = 10_000
"""Scenes of the benchmark: never trained on, never used to choose a checkpoint."""
MOST_EPISODES = 90_000
"""So many scenes lie between those of the benchmark and those that choose a checkpoint."""


@dataclass(frozen=True, kw_only=True)
class Benchmark:
    """Settings of what is measured."""

    tasks: tuple[str, ...] = tuple(short_name(t) for t in SPINE)
    """Tasks and suites by name, see `vla-sim list tasks`; your own as path/to/file.py:name."""
    episodes: int = 100
    """Episodes per task and arm."""
    arms: tuple[Arm, ...] = ALL_ARMS
    """What the policy is told: the truth, nothing, another goal, unseen words, a translation."""
    languages: tuple[Language, ...] = ("en",)
    """Languages of the true instructions."""
    gallery: int = 66
    """Held-out episodes per task in the retrieval gallery; 0 for no retrieval."""
    axis: str = ""
    """A domain axis along which all episodes leave the training distribution; empty for none."""
    severity: int = 0
    """How far along the axis: 1 to 3; 0 where no axis is named."""
    n_instructions: int = 1
    """Instructions in an episode, one after the other: CALVIN's chains."""
    suite: str = ""
    """A suite whose rows are run, those of the tasks named; it decides axis, severity and number of
    instructions. Empty for none."""
    first_seed: int = BENCH_SEEDS_FROM
    """The scenes are this one and those after it; whoever referees takes a large number of their
    own and tells nobody."""
    crank: CrankConfig = field(default_factory=CrankConfig)

    def __post_init__(self) -> None:
        some(tasks=self.task_ids, arms=self.arms, languages=self.languages)
        whole(1, MOST_EPISODES, episodes=self.episodes)
        whole(0, MAX_EPISODE_SEED - MOST_EPISODES, first_seed=self.first_seed)
        whole(1, MAX_INSTRUCTIONS, n_instructions=self.n_instructions)
        whole(0, TRAIN_SEEDS_FROM - GALLERY_SEEDS_FROM, gallery=self.gallery)
        if self.suite and self.suite not in SUITES:
            raise UnknownName("suite", self.suite, SUITES)
        if self.suite and (self.axis or self.severity or self.n_instructions != 1):
            raise BadConfig(
                f"the suite {self.suite!r} decides axis, severity and number of instructions; for "
                "others leave it away: `vla-sim bench correct --axis camera --severity 2`"
            )
        self.measurement.check()

    @property
    def task_ids(self) -> tuple[str, ...]:
        """Gymnasium ids of the tasks, each once."""
        return tasks_of(self.tasks)

    @property
    def shift(self) -> Shift:
        """Axis and severity."""
        return Shift(axis=self.axis, severity=self.severity)

    @property
    def measurement(self) -> Measurement:
        """What is measured, without who is."""
        return Measurement(
            task_ids=self.task_ids,
            first_seed=self.first_seed,
            n_episodes=self.episodes,
            arms=self.arms,
            languages=self.languages,
            shift=self.shift,
            n_instructions=self.n_instructions,
            base=self.crank,
        )
