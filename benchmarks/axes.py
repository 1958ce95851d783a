"""What the experts are worth along every domain axis: `python -m benchmarks.axes`.

Success at the end over fixed seeds, for every axis, severity and task. Axes that change what is
seen or said cannot reach an expert, and their columns show that. Exits with 1 if an expert falls
below the bar at severity 2 of an axis that changes its world.
"""

import argparse
import sys

from benchmarks.runs import Asked, run
from vla_sim.envs.axes import AXES
from vla_sim.envs.task_names import short_name, task_id_of
from vla_sim.envs.tasks import TASK_IDS
from vla_sim.errors import VlaSimError
from vla_sim.records.shift import SEVERITIES, Shift

BAR = 0.97
WORLD_AXES = ("layout", "start", "distractors", "dynamics", "engine")
"""Axes that change what an expert meets."""


def success(task_id: str, shift: Shift, n: int) -> float:
    """Share of the expert's episodes that end in success.

    Raises:
        VlaSimError: If this machine has not what the axis needs.
    """
    summed = run(Asked(task_id=task_id, n=n, axis=shift.axis, severity=shift.severity))
    return sum(summed.success) / n


def main() -> int:
    """Print the table; 0 if every bar holds."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--n", type=int, default=100, help="episodes of each cell")
    parser.add_argument("--only", nargs="+", default=list(AXES), choices=list(AXES))
    parser.add_argument("--tasks", nargs="+", default=[short_name(task) for task in TASK_IDS])
    told = parser.parse_args()
    tasks = [task_id_of(name) for name in told.tasks]
    columns = "".join(f"{severity:>8}" for severity in SEVERITIES)
    print(f"{'expert success, %':<32}{'severity':>4}\n{'axis':<14}{'task':<16}{columns}")
    holds = True
    training = {task_id: success(task_id, Shift(), told.n) for task_id in tasks}
    for axis in told.only:
        for task_id in tasks:
            cells = [f"{100 * training[task_id]:8.0f}"]
            for severity in SEVERITIES[1:]:
                try:
                    rate = success(task_id, Shift(axis=axis, severity=severity), told.n)
                except VlaSimError as error:
                    cells.append(f"{'-':>8}")
                    print(f"  {error}", file=sys.stderr)
                    continue
                cells.append(f"{100 * rate:8.0f}")
                holds &= rate >= BAR or severity != 2 or axis not in WORLD_AXES
            print(f"{axis:<14}{short_name(task_id):<16}{''.join(cells)}", flush=True)
    return 0 if holds else 1


if __name__ == "__main__":
    sys.exit(main())
