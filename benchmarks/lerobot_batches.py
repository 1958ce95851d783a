"""What LeRobot's evaluation steps on, ours and Gymnasium's: `python -m benchmarks.lerobot_batches`.

Run where LeRobot is installed, see `make test-lerobot`. Both step Lift with a 64 px picture, 16
episodes at once in one thread, in turns, so that both meet the same machine.
"""

import sys
from collections.abc import Callable, Iterator
from importlib import import_module
from typing import Any

import gymnasium
import numpy as np
from gymnasium.vector import AutoresetMode, SyncVectorEnv
from rich.console import Console

from benchmarks.row import Row
from benchmarks.throughput import LIFT, best

N = 16
ROUNDS = 40


def batches(rounds: int = ROUNDS) -> Iterator[Row]:
    """Env steps a second of `EvalBatch` over those of a SyncVectorEnv of `EpisodeEnv`."""
    # Here, because they import LeRobot, which not every environment has, and torchvision.
    import_module("tests.interop.torchvision_operators")
    from lerobot_env_vla_sim.episode_env import ID
    from lerobot_env_vla_sim.eval_batch import EvalBatch
    from lerobot_env_vla_sim.scenes import Scenes

    scenes = Scenes(languages=("en",))
    ours: Any = EvalBatch(LIFT, N, scenes=scenes)
    theirs: Any = SyncVectorEnv(
        [lambda: gymnasium.make(ID, task_id=LIFT, scenes=scenes)] * N,
        autoreset_mode=AutoresetMode.SAME_STEP,
    )
    nothing = np.zeros((N, 7), dtype=np.float32)
    seconds: dict[str, list[float]] = {"ours": [], "theirs": []}
    steps: dict[str, Callable[[], object]] = {
        "ours": lambda: ours.step(nothing),
        "theirs": lambda: theirs.step(nothing),
    }
    for batch in (ours, theirs):
        batch.reset(seed=list(range(N)))
    for _ in range(rounds):
        for name, step in steps.items():
            seconds[name].append(best(step, 1))
    rates = {name: N / float(np.median(taken)) for name, taken in seconds.items()}
    yield Row(
        name=f"LeRobot's evaluation, {N} episodes of Lift at once: our batch over Gymnasium's",
        value=f"{rates['ours'] / rates['theirs']:.1f} x ({rates['ours']:.0f} steps/s)",
        bar=">= 1 x",
        holds=rates["ours"] >= rates["theirs"],
    )


if __name__ == "__main__":
    rows = list(batches())
    for row in rows:
        Console().print(f"{row.name}: {row.value}, bar {row.bar}", highlight=False)
    sys.exit(not all(row.holds for row in rows))
