"""Comparing: results from their folders, as numbers, as sentences, and on disk."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from vla_sim.disk import atomic
from vla_sim.disk.outlet import check_outlet
from vla_sim.envs.task_names import short_name
from vla_sim.errors import BadConfig, UnknownName
from vla_sim.eval.comparison import ALL, Comparison, Contrast, compare
from vla_sim.eval.protocol import require_comparable
from vla_sim.eval.sentences import points, sentence, the_set
from vla_sim.eval.sequential import Outcome, require_alpha
from vla_sim.loop.benching.result import Result, read_result
from vla_sim.loop.benching.until import DECIDED, DECISION
from vla_sim.loop.paths import with_paths
from vla_sim.records.episode import Arm
from vla_sim.records.reports import Estimate

FORMAT = "vla-sim comparison 1"
SUFFIXES = (".json", ".md")


@dataclass(frozen=True, kw_only=True)
class CompareRun:
    """Settings of a comparison."""

    results: tuple[Path, ...] = ()
    """Folders that `vla-sim bench --out FOLDER` wrote, two or more."""
    on: Outcome = "success"
    """What is compared: success, or graded progress."""
    arm: Arm = "correct"
    """Episodes under this arm are compared."""
    alpha: float = 0.05
    """Largest chance that any "better" of the overall comparison is wrong."""
    out: Path | None = None
    """Write the comparison to this .json or .md file."""

    def __post_init__(self) -> None:
        with_paths(self)
        require_alpha(self.alpha)
        if self.out is not None and self.out.suffix not in SUFFIXES:
            raise UnknownName("format of a comparison", self.out.suffix, SUFFIXES)


def compared(run: CompareRun) -> Comparison:
    """Compare results, and write down what came of it.

    Raises:
        BadConfig: If there are fewer than two, one is named twice, or they are too short.
        ProtocolMismatch: If they were measured differently.
        RunFolderError: If a folder holds no result, or the file cannot be written.
        DamagedFile: If a result is damaged or was edited.
    """
    if len(run.results) < 2:
        given = ", ".join(repr(str(folder)) for folder in run.results) or "none"
        raise BadConfig(
            f"a comparison takes two results or more, and was given {given}; for example "
            "`vla-sim compare runs/a runs/b`"
        )
    if run.out is not None:
        check_outlet(run.out)
    results = _read(run.results)
    comparison = comparison_of(results, on=run.on, arm=run.arm, alpha=run.alpha)
    if run.out is not None:
        write = _markdown if run.out.suffix == ".md" else _json
        atomic.write_text(run.out, write(comparison, results))
    return comparison


def comparison_of(
    results: Mapping[str, Result],
    *,
    on: Outcome = "success",
    arm: Arm = "correct",
    alpha: float = 0.05,
) -> Comparison:
    """Results by name, against each other.

    Raises:
        BadConfig: If there are fewer than two, or they are too short, or end where a difference
            was seen.
        ProtocolMismatch: If they were measured differently.
    """
    named = list(results.values())
    for later, result in enumerate(named):
        for other in named[:later]:
            require_comparable(other.report, result.report)
    protocol = named[0].protocol
    if protocol.stopping.startswith(DECIDED):
        raise BadConfig(
            f"these results end where it was {protocol.stopping}: a test that is fixed beforehand "
            f"would call equal policies different more often than alpha; {DECISION} beside them "
            "says what may be said"
        )
    return compare(
        {name: result.rows for name, result in results.items()},
        outcome=on,
        reading=protocol.success,
        arm=arm,
        alpha=alpha,
        partly=bool(protocol.stopping),
    )


def sentences(comparison: Comparison) -> list[str]:
    """All that may be said, the overall contrasts first, then the set of the best."""
    said = [sentence(contrast, alpha=comparison.alpha) for contrast in comparison.overall]
    return [*said, the_set(comparison)] if len(comparison.values) > 2 else said


def _read(folders: Sequence[Path]) -> dict[str, Result]:
    """Results under names that tell them apart."""
    names = told_apart(folders)
    return {name: read_result(folder) for name, folder in zip(names, folders, strict=True)}


def told_apart(folders: Sequence[Path]) -> list[str]:
    """The last parts of the paths, as many as it takes to tell them apart.

    Raises:
        BadConfig: If one is named twice.
    """
    whole = [folder.resolve() for folder in folders]
    if len(set(whole)) != len(whole):
        twice = next(f for f, w in zip(folders, whole, strict=True) if whole.count(w) > 1)
        raise BadConfig(f"{twice} is named twice; a result cannot be compared with itself")
    for n in range(1, max(len(path.parts) for path in whole) + 1):
        names = ["/".join(path.parts[-n:]) for path in whole]
        if len(set(names)) == len(names):
            return names
    raise AssertionError("different paths have different names")


def _json(comparison: Comparison, results: Mapping[str, Result]) -> str:
    said = {
        "format": FORMAT,
        "protocol": next(iter(results.values())).protocol.stamp,
        "policies": {name: result.policy for name, result in results.items()},
        "sentences": sentences(comparison),
        **asdict(comparison),
    }
    return json.dumps(said, indent=1, ensure_ascii=False, allow_nan=False) + "\n"


def _markdown(comparison: Comparison, results: Mapping[str, Result]) -> str:
    protocol = next(iter(results.values())).protocol.stamp
    names = ", ".join(f"{name} = `{result.policy}`" for name, result in results.items())
    lines = [
        f"# Comparison on {comparison.outcome}, {protocol}",
        "",
        f"{names}; arm {comparison.arm}; alpha {comparison.alpha:g}.",
        "",
        *(f"- {said}" for said in sentences(comparison)),
        "",
        "| task | first | second | first | second | difference, points | pairs | p, Holm |",
        "|---|---|---|---|---|---|---|---|",
        *(_line(contrast) for contrast in (*comparison.overall, *comparison.by_task)),
    ]
    return "\n".join(lines) + "\n"


def _line(contrast: Contrast) -> str:
    task = contrast.task_id if contrast.task_id == ALL else short_name(contrast.task_id)
    cells = (
        task,
        contrast.first,
        contrast.second,
        _percent(contrast.first_value),
        _percent(contrast.second_value),
        points(contrast.difference).replace(" points", ""),
        f"{contrast.difference.n}",
        f"{contrast.adjusted_p:.2g}",
    )
    return f"| {' | '.join(cells)} |"


def _percent(value: Estimate) -> str:
    return f"{100 * value.value:.1f} %"
