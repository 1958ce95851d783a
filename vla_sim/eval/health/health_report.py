"""The health of one checkpoint as a file beside it."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from vla_sim.errors import DamagedFile
from vla_sim.records.reports import Recall

FORMAT = "vla-sim health 1"
FILE = "health.json"
"""Its name in the folder of the checkpoint."""


@dataclass(frozen=True, kw_only=True)
class BatchSize:
    """How large the batches were that the checkpoint was trained with.

    Attributes:
        moments: Pictures an update.
        segments: Segments in an update that learns from them, over all processes.
        meanings: Meanings that the memory holds segments of: the segments of a batch are spread
            over them, so that no clip meets more negatives that are unique than these.
        most_of_a_meaning: Segments of one meaning in a batch, at most.
        processes: How many shared each batch.
        portion: Segments that were encoded at once; None for all.
    """

    moments: int
    segments: int
    meanings: int
    most_of_a_meaning: int
    processes: int
    portion: int | None


@dataclass(frozen=True, kw_only=True)
class HealthReport:
    """What an aligned space looks like from inside.

    Attributes:
        step: Updates of the checkpoint.
        recall: {"V->L/R@1": ...}: hits beside chance, each direction.
        matrix: See `alignment_matrix`.
        cka: {"V-L": ...}: see `debiased_cka`.
        temperatures: {pair: tau}.
        batch: What it was trained with.
    """

    step: int
    recall: Mapping[str, Recall]
    matrix: Mapping[str, Recall]
    cka: Mapping[str, float | None]
    temperatures: Mapping[str, float]
    batch: BatchSize


def to_json(report: HealthReport) -> str:
    """The report as JSON text; `from_json` gives an equal one back.

    Raises:
        ValueError: If a number is not finite.
    """
    return json.dumps({"format": FORMAT, **asdict(report)}, indent=1, allow_nan=False)


def from_json(text: str) -> HealthReport:
    """The report that `to_json` wrote.

    Raises:
        DamagedFile: If the text is no such report, or one of another version.
    """
    try:
        read: dict[str, Any] = json.loads(text)
        if read["format"] != FORMAT:
            raise DamagedFile(f"this file says {read['format']!r}, not {FORMAT!r}")
        return HealthReport(
            step=read["step"],
            recall={name: Recall(**value) for name, value in read["recall"].items()},
            matrix={name: Recall(**value) for name, value in read["matrix"].items()},
            cka=read["cka"],
            temperatures=read["temperatures"],
            batch=BatchSize(**read["batch"]),
        )
    except (KeyError, TypeError, AttributeError, json.JSONDecodeError) as error:
        raise DamagedFile(f"this is no health report of vla-sim: {error!r}") from error
