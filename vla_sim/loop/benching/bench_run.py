"""Settings of `vla-sim bench`: a benchmark, who is measured by it, and where the result goes."""

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import get_args

from vla_sim.agents.controls import POLICIES
from vla_sim.agents.taught import check_taught
from vla_sim.envs.suites import parts_of
from vla_sim.errors import BadConfig, UnknownName
from vla_sim.loop.acting import Acting
from vla_sim.loop.benching.benchmark import Benchmark
from vla_sim.loop.benching.measurement import Measurement
from vla_sim.loop.benching.provenance import card_of
from vla_sim.loop.benching.result import is_result
from vla_sim.loop.benching.shard import Shard
from vla_sim.loop.benching.stated import Stated, stated_by
from vla_sim.loop.benching.team import Executor
from vla_sim.loop.benching.until import UntilConfig
from vla_sim.loop.choice import Choice
from vla_sim.loop.paths import with_paths
from vla_sim.loop.policies import check_policy
from vla_sim.loop.tracking.tracker import TrackerName, check_tracker
from vla_sim.ranges import whole

MAY_CHANGE = (
    "out",
    "resume",
    "films",
    "track",
    "n_processes",
    "n_slots",
    "executor",
    "crank.n_threads",
)
"""Settings that change no episode."""
MOST_FILMS = 64


@dataclass(frozen=True, kw_only=True)
class BenchRun(Benchmark, Acting):
    """Settings of a benchmark and of who is measured by it."""

    protocol: Path | None = None
    """A file of `vla-sim protocol freeze`: it decides all that makes the number."""
    conditions: Path | None = None
    """A file that lists the episodes, see `vla-sim protocol conditions`."""
    n_processes: int = 2
    """0: the simulators run in the calling process. Results do not depend on it."""
    n_slots: int = 16
    """Simulations at once in a process; results do not depend on it."""
    executor: Executor = "processes"
    """Where simulators run: "processes" of this machine, or "ray", the cluster at RAY_ADDRESS or
    Ray on this machine, an actor with a core for each of n_processes."""
    until: UntilConfig = field(default_factory=UntilConfig)
    """Rules that stop before all episodes are run."""
    shard: str = ""
    """Run one of N equal shares of the episodes, as K/N; `vla-sim merge` puts them together."""
    out: Path | None = None
    """Write the result to this folder, a row per episode; to a path that ends in .json, the report
    alone."""
    resume: bool = False
    """Go on with the benchmark in OUT: episodes that are on disk are not repeated."""
    films: int = 0
    """Episodes to film into OUT, failures first, with a sheet of stills; 0 for none. With --resume
    they are added to a result that is there."""
    track: TrackerName = ""
    """Send rates and means to "tensorboard" (files in OUT), "trackio" or "wandb" as
    well; empty for none."""

    def __post_init__(self) -> None:
        with_paths(self)
        if self.stated is not None:
            self.stated.check(self)
        check_tracker(self.track)
        if self.track == "tensorboard" and self.folder is None:
            raise BadConfig("track 'tensorboard' writes files into a folder: give --out")
        if self.track and (self.shard or self.until.decided):
            raise BadConfig(
                f"track {self.track!r}: a share of a benchmark and a decision have no rates to send"
            )
        self.check_actor()
        super().__post_init__()
        whole(0, n_processes=self.n_processes)
        if self.executor not in get_args(Executor):
            raise UnknownName("executor", self.executor, get_args(Executor))
        if self.executor == "ray" and self.n_processes == 0:
            raise BadConfig(
                "executor 'ray' with n_processes 0: that is the calling process; give 1 or more"
            )
        whole(1, n_slots=self.n_slots)
        self._check_place()
        if self.policy == "expert" or (self.gallery and self.is_folder):
            check_taught(self.task_ids)

    def _check_place(self) -> None:
        """Refuse a place that cannot hold what is asked for, and rules that contradict it."""
        whole(0, MOST_FILMS, films=self.films)
        asked_of_folder = {"shard": self.shard, "resume": self.resume, "films": self.films}
        for name, asked in asked_of_folder.items():
            if asked and self.folder is None:
                raise BadConfig(f"{name} takes a folder: give --out, and no .json file")
        if self.films and (self.shard or self.until.decided):
            raise BadConfig(
                f"films {self.films}: films are of a whole result; after `vla-sim merge`, or when "
                "it is decided, `vla-sim replay RESULT --episode K` films any episode"
            )
        if self.shard:
            Shard.read(self.shard)
        if self.until.decided and not is_result(Path(self.until.decided)):
            check_policy(self.until.decided)
        self.until.check(
            arms=self.arms,
            n_pairs=self.episodes * len(self.task_ids),
            n_protocols=len(parts_of(self.suite)) if self.suite else 1,
            shard=self.shard,
        )
        if self.stated is not None and self.until.said:
            raise BadConfig(
                f"the rule {self.until.said!r} stops before all episodes are run, and "
                f"{self.stated.source} says which are; leave one of the two away"
            )

    @property
    def stated(self) -> Stated | None:
        """What a file decides; None where none is named."""
        return stated_by(self.protocol, self.conditions)

    @property
    def folder(self) -> Path | None:
        """Where a result is written; None where there is none, or the report alone."""
        return None if self.out is None or self.out.suffix == ".json" else self.out

    @property
    def is_folder(self) -> bool:
        """Whether the policy is a model's folder; one with a control's name is not meant."""
        return self.policy not in POLICIES and Path(self.policy).is_dir()

    @property
    def measurement(self) -> Measurement:
        """What is measured, without who is."""
        listed = () if self.stated is None else self.stated.conditions
        shift, n_instructions = self.shift, self.n_instructions
        return replace(
            super().measurement,
            n_episodes=self.until.cap if self.until.width else self.episodes,
            stopping=self.until.said,
            conditions=tuple(
                c
                for c in listed
                if c.spec.shift == shift and c.spec.n_instructions == n_instructions
            ),
        )

    def card(self, choice: Choice | None = None) -> dict[str, str]:
        """The run card of its policy, or of the one that it is compared with."""
        frozen = None if self.stated is None else self.stated.frozen
        return card_of(self.measurement, choice or self.choice, frozen)
