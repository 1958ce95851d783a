"""What supervision is worth, in seconds: `python -m benchmarks.chapter_supervision`."""

import sys
from collections.abc import Callable, Iterator, Mapping

import torch

from benchmarks.planted_delay import delay_rows
from benchmarks.reachability import reach_rows
from benchmarks.row import Row, rows_told

ROWS: Mapping[str, Callable[[], Iterator[Row]]] = {"delay": delay_rows, "reach": reach_rows}


def main() -> int:
    """Print the rows; 0 if every one holds."""
    torch.set_num_threads(1)
    return rows_told(ROWS, __doc__)


if __name__ == "__main__":
    sys.exit(main())
