"""An EvalReport as JSON, without loss."""

import json
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from vla_sim.errors import DamagedFile
from vla_sim.records.reports import (
    Estimate,
    EvalReport,
    InformationBound,
    RetrievalReport,
    TaskReport,
)

FORMAT = "vla-sim eval report 1"


def to_json(report: EvalReport) -> str:
    """The report as JSON text; `from_json` gives an equal one back.

    Raises:
        ValueError: If a number is not finite: such a report could not be defended.
    """
    return json.dumps(
        {"format": FORMAT, **asdict(report)}, indent=1, allow_nan=False, ensure_ascii=False
    )


def from_json(text: str) -> EvalReport:
    """The report that `to_json` wrote.

    Raises:
        DamagedFile: If the text is no such report.
    """
    try:
        read: dict[str, Any] = json.loads(text)
        if read["format"] != FORMAT:
            raise DamagedFile(f"this file says {read['format']!r}, not {FORMAT!r}")
        retrieval = read["retrieval"]
        return EvalReport(
            protocol=read["protocol"],
            step=read["step"],
            elapsed_s=read["elapsed_s"],
            tasks=tuple(_task(task) for task in read["tasks"]),
            retrieval=None if retrieval is None else retrieval_from(retrieval),
            gains=_estimates(read["gains"]),
            run_card=read["run_card"],
        )
    except (KeyError, TypeError, AttributeError, json.JSONDecodeError) as error:
        raise DamagedFile(f"this is no eval report of vla-sim: {error!r}") from error


def retrieval_from(read: Mapping[str, Any]) -> RetrievalReport:
    """The retrieval that `asdict` took apart, for files that hold it without a report.

    Raises:
        KeyError, TypeError, AttributeError: If it is none.
    """
    bounds = read.get("information", {})
    return RetrievalReport(
        **{
            **read,
            "information": {key: InformationBound(**bound) for key, bound in bounds.items()},
        }
    )


def _task(read: Mapping[str, Any]) -> TaskReport:
    return TaskReport(
        task_id=read["task_id"],
        arm=read["arm"],
        rates=_estimates(read["rates"]),
        means=_estimates(read["means"]),
        guess_rate=read["guess_rate"],
    )


def _estimates(read: Mapping[str, Any]) -> dict[str, Estimate]:
    return {name: Estimate(**estimate) for name, estimate in read.items()}
