"""A peak of memory is that of the program itself, however large the one was that began it."""

import subprocess
import sys

import numpy as np
import pytest

from benchmarks.peak_memory import STATUS, peak_bytes

_CHILD = """
import numpy as np
from benchmarks.peak_memory import peak_bytes
before = peak_bytes()
np.ones(2_500_000)
print(before, peak_bytes() - before)
"""


@pytest.mark.skipif(not STATUS.is_file(), reason="reads what Linux tells of a process")
def test_the_child_of_a_large_program_is_seen_to_grow() -> None:
    large = np.ones(30_000_000)
    told = subprocess.run(
        [sys.executable, "-c", _CHILD], capture_output=True, text=True, check=True
    )
    before, grown = map(int, told.stdout.split())
    assert peak_bytes() >= large.nbytes > before
    assert 15e6 < grown < 30e6
