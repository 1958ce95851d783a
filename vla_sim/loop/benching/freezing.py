"""Freezing: a benchmark that somebody described becomes a file that everybody can measure by."""

from dataclasses import dataclass, field
from pathlib import Path

from vla_sim.disk import atomic
from vla_sim.disk.outlet import check_outlet
from vla_sim.envs.crank import CrankConfig
from vla_sim.envs.suites import SPINE
from vla_sim.envs.task_names import short_name
from vla_sim.errors import BadConfig, RunFolderError
from vla_sim.eval.run_card import own_task_lines
from vla_sim.loop.benching.bench import BENCH_SEEDS_FROM, BenchRun
from vla_sim.loop.benching.frozen import CrankTerms, Frozen, to_json
from vla_sim.loop.benching.parts import parts
from vla_sim.loop.evaluation import ALL_ARMS
from vla_sim.records.episode import Arm
from vla_sim.records.instruction import Language

_LONGEST_NAME = 80


@dataclass(frozen=True, kw_only=True)
class FreezeRun:
    """Settings of a benchmark that is to be frozen."""

    out: Path = Path("protocol.json")
    """The file; one that is there is never replaced."""
    name: str = "spine"
    """What people call it."""
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
    """Its engine, renderer and image_size are frozen; threads change nothing, and a shield is part
    of who acts."""

    def __post_init__(self) -> None:
        if not self.name.strip() or len(self.name) > _LONGEST_NAME or not self.name.isprintable():
            raise BadConfig(f"name is {self.name!r}; use 1 to {_LONGEST_NAME} printable letters")
        if self.out.suffix != ".json":
            raise BadConfig(f"out is {self.out}; a frozen protocol is a .json file")
        if self.crank.shield != "off":
            raise BadConfig(
                f"shield is {self.crank.shield!r}: it stands between a policy and the robot, and "
                "is part of who acts; give it to `vla-sim bench`"
            )
        parts(self.bench)  # what cannot be measured is refused when it is asked for

    @property
    def bench(self) -> BenchRun:
        """The benchmark, of nobody in particular."""
        return BenchRun(
            policy="zero",
            tasks=self.tasks,
            episodes=self.episodes,
            arms=self.arms,
            languages=self.languages,
            gallery=self.gallery,
            axis=self.axis,
            severity=self.severity,
            n_instructions=self.n_instructions,
            suite=self.suite,
            first_seed=self.first_seed,
            crank=self.crank,
        )


def freeze(run: FreezeRun) -> Frozen:
    """Write the file.

    Raises:
        RunFolderError: If a file is there already, or cannot be written.
        RenderBackendError: If a renderer does not work here.
        BadConfig: If an engine is not installed.
    """
    if run.out.exists():
        raise RunFolderError(
            f"{run.out} is there already, and results may name its digest; give another --out"
        )
    check_outlet(run.out)
    frozen = Frozen(
        name=run.name,
        protocols=tuple(part.measurement.protocol for part in parts(run.bench)),
        crank=CrankTerms.of(run.crank),
        gallery=run.gallery,
        own_tasks=own_task_lines(run.bench.task_ids),
    )
    atomic.write_text(run.out, to_json(frozen))
    return frozen
