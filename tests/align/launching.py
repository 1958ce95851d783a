"""Processes that find each other as those of torchrun do, without its watch over them."""

import os
import socket
import subprocess
import sys
from collections.abc import Sequence


def launched(words: Sequence[str], n_processes: int) -> list[subprocess.Popen[str]]:
    """Start `python -m WORDS` so many times, as one training."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    told = {
        "WORLD_SIZE": str(n_processes),
        "MASTER_ADDR": "127.0.0.1",
        "MASTER_PORT": str(port),
        "OMP_NUM_THREADS": "1",
    }
    return [
        subprocess.Popen(
            [sys.executable, "-m", *words],
            env={**os.environ, **told, "RANK": str(rank)},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for rank in range(n_processes)
    ]


def ended(processes: Sequence[subprocess.Popen[str]], within_s: float) -> list[tuple[int, str]]:
    """Exit status and standard error of each; none is left behind, whatever happens."""
    try:
        said = [process.communicate(timeout=within_s)[1] for process in processes]
        return [(p.returncode, text) for p, text in zip(processes, said, strict=True)]
    finally:
        for process in processes:
            process.kill()
