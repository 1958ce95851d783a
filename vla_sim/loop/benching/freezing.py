"""Freezing: a benchmark that somebody described becomes a file that everybody can measure by."""

from dataclasses import dataclass, field, fields
from pathlib import Path

from vla_sim.disk import atomic
from vla_sim.disk.outlet import check_outlet
from vla_sim.envs.crank import CrankConfig
from vla_sim.errors import BadConfig, RunFolderError
from vla_sim.eval.run_card import own_task_lines
from vla_sim.loop.benching.bench_run import BenchRun
from vla_sim.loop.benching.benchmark import Benchmark
from vla_sim.loop.benching.frozen import CrankTerms, Frozen, to_json
from vla_sim.loop.benching.parts import parts
from vla_sim.loop.paths import with_paths

_LONGEST_NAME = 80


@dataclass(frozen=True, kw_only=True)
class FreezeRun(Benchmark):
    """Settings of a benchmark that is to be frozen."""

    out: Path = Path("protocol.json")
    """The file; one that is there is never replaced."""
    name: str = "spine"
    """What people call it."""
    crank: CrankConfig = field(default_factory=CrankConfig)
    """Its engine, renderer and image_size are frozen; threads change nothing, and a shield is part
    of who acts."""

    def __post_init__(self) -> None:
        with_paths(self)
        super().__post_init__()
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
        terms = {setting.name: getattr(self, setting.name) for setting in fields(Benchmark)}
        return BenchRun(policy="zero", **terms)


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
