"""The most memory that this process ever had."""

import re
from pathlib import Path

STATUS = Path("/proc/self/status")


def peak_bytes() -> int:
    """Largest resident size of this program so far [bytes].

    `getrusage` is of no use in a process that another one began: what it tells begins with the
    size that the *parent* had then, so that the child of a large one seems never to grow.
    """
    found = re.search(r"^VmHWM:\s+(\d+) kB$", STATUS.read_text(encoding="ascii"), re.MULTILINE)
    assert found is not None, f"{STATUS} tells no VmHWM"
    return 1024 * int(found[1])
