"""What learning on top of the alignment is to reach, and the shield: the group `agents`.

Each part brings a module `benchmarks/agents_*.py` with `ROWS`, {measurement: a function that yields
rows}; this one collects them by an explicit list.
`python -m benchmarks.agents --only shield-time` prints the rows of some.
"""

import sys
from collections.abc import Callable, Iterator, Mapping

from benchmarks.row import Row, rows_of, rows_told

Rows = Callable[[], Iterator[Row]]
MODULES: tuple[str, ...] = (
    "agents_correction",
    "agents_finetune",
    "agents_thaw",
    "agents_throughput",
    "agents_shield",
)
"""Modules of the parts, without the package."""


ROWS: Mapping[str, Rows] = rows_of("agents_", MODULES)


if __name__ == "__main__":
    sys.exit(rows_told(ROWS, __doc__))
