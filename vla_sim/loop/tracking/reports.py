"""Reports as numbers for a tracker."""

from vla_sim.envs.task_names import short_name
from vla_sim.records.reports import EvalReport


def numbers_of(report: EvalReport, *, under: str) -> dict[str, float]:
    """Every rate and mean by task and arm, and what retrieval found."""
    found: dict[str, float] = {}
    for task in report.tasks:
        told = "" if task.arm == "correct" else f"{task.arm}/"
        for name, measured in {**task.rates, **task.means}.items():
            found[f"{under}/{short_name(task.task_id)}/{told}{name}"] = measured.value
    if report.retrieval is not None:
        for name, value in report.retrieval.values.items():
            found[f"{under}/retrieval/{name.replace('->', '_to_')}"] = value
    return found
