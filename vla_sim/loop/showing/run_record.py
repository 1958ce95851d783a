"""Run record: what a run folder says of its run, as a report takes it."""

from collections.abc import Mapping
from functools import reduce
from operator import getitem
from typing import Any

from vla_sim.envs.crank import CrankConfig
from vla_sim.errors import DamagedFile
from vla_sim.eval.report_file import from_json
from vla_sim.loop.run_folder import BEGUN, RunFolder
from vla_sim.records.reports import EvalReport

BENCH_FILE = "bench.json"
"""Where a benchmark lies in a run folder for its report to find."""


def config_of(folder: RunFolder) -> dict[str, Any]:
    """What the run was asked to do."""
    config: dict[str, Any] = folder.read_json(BEGUN)["config"]
    return config


def card_of(folder: RunFolder, measured: EvalReport | None) -> Mapping[str, str]:
    """What is known of the machine and the code: of the measurement, or else of the run."""
    if measured is not None:
        return measured.run_card
    card: Mapping[str, str] = folder.read_json(BEGUN)["run_card"]
    return card


def rig_of(folder: RunFolder, *path: str) -> CrankConfig:
    """How the run saw: its policy has to be filmed as it learnt.

    Raises:
        DamagedFile: If its settings do not say, at `path`.
    """
    try:
        return CrankConfig(**reduce(getitem, path, config_of(folder)))
    except (KeyError, TypeError) as error:
        raise DamagedFile(
            f"{folder.path / BEGUN} does not say how the run saw ({'.'.join(path)}): {error}"
        ) from error


def numbers_of(folder: RunFolder, name: str) -> tuple[Mapping[str, float], ...]:
    """The rows of a file, without what is no number."""
    return tuple(
        {key: float(value) for key, value in row.items() if isinstance(value, int | float)}
        for row in folder.rows(name)
    )


def benchmark_of(folder: RunFolder) -> EvalReport | None:
    """The benchmark in a run folder; None where there is none.

    Raises:
        DamagedFile: If it cannot be read.
    """
    path = folder.path / BENCH_FILE
    return from_json(path.read_text(encoding="utf-8")) if path.is_file() else None
