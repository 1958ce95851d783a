"""What the experts do, as one number a task: `python -m benchmarks.hashes`.

A change that should change nothing proves it here: print the hashes before it into a file, and
check against that file after it. A hash covers all steps of a few expert episodes, and what the
expert would do for every goal in the states that random actions lead to. Exits with 1 if a hash
differs from the file's.
"""

import argparse
import hashlib
import sys
from collections.abc import Iterable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from vla_sim.agents.controls import POLICIES
from vla_sim.agents.experts.table import expert_for
from vla_sim.envs.crank import Crank, CrankConfig
from vla_sim.envs.plan import plan_episodes
from vla_sim.envs.rollout import run_all
from vla_sim.envs.task_names import task_id_of
from vla_sim.envs.tasks import TASK_IDS
from vla_sim.records.episode import Episode
from vla_sim.records.manner import MANNERS
from vla_sim.records.triple import CHUNK_SIZE

FIRST_SEED = 20_000
N_SLOTS = 8
STRAY_STEPS = 24
"""How far random actions lead away, asked every `STRAY_EVERY` steps."""
STRAY_EVERY = 3


def main() -> int:
    """Print what the command line asks for; 0 if every hash is the file's."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--n", type=int, default=4, help="episodes of each task")
    parser.add_argument("--tasks", nargs="+", default=list(TASK_IDS), metavar="TASK")
    parser.add_argument("--pictures", action="store_true", help="pictures count too")
    parser.add_argument("--check", type=Path, metavar="FILE", help="an earlier output")
    told = parser.parse_args()
    known = read(told.check) if told.check else {}
    unequal = []
    for task_id in map(task_id_of, told.tasks):
        found = task_hash(task_id, told.n, pictures=told.pictures)
        print(f"{task_id} {found}", flush=True)
        if told.check and known.get(task_id) != found:
            unequal.append(task_id)
    for task_id in unequal:
        print(f"differs: {task_id}, was {known.get(task_id, 'not there')}", file=sys.stderr)
    return 1 if unequal else 0


def read(path: Path) -> dict[str, str]:
    """{task id: hash} of an earlier output."""
    return dict(line.split() for line in path.read_text(encoding="utf-8").splitlines())


def task_hash(task_id: str, n: int, *, pictures: bool = False) -> str:
    """One number for n episodes of a task's expert and for its advice to a stranger."""
    crank = Crank(task_id, min(n, N_SLOTS), CrankConfig(image_size=32))
    plan = plan_episodes(task_id, range(FIRST_SEED, FIRST_SEED + n))
    expert = POLICIES["expert"](task_id, crank.task)
    digest = hashlib.sha256()
    for episode in run_all(crank, expert, plan, keep_images=pictures):
        for values in measured(episode):
            digest.update(np.ascontiguousarray(values).tobytes())
    for chunks in advice(crank):
        digest.update(chunks.tobytes())
    return digest.hexdigest()[:16]


def measured(episode: Episode) -> Iterable[NDArray[np.generic]]:
    """Every array of an episode, in a fixed order."""
    yield from (episode.actions, episode.proprio, episode.position, episode.velocity)
    yield from (episode.acceleration, episode.point, episode.reward, episode.success)
    yield from (episode.violations[name] for name in sorted(episode.violations))
    if episode.images is not None:
        yield episode.images


def advice(crank: Crank) -> Iterable[NDArray[np.float32]]:
    """Chunks for every goal, in changing manners, along an episode of random actions a slot."""
    expert = expert_for(crank.task_id, crank.embodiment, crank.task.manners)
    ids, seeds = np.arange(crank.n), range(FIRST_SEED, FIRST_SEED + crank.n)
    crank.start(ids, plan_episodes(crank.task_id, seeds))
    is_running = np.ones(crank.n, dtype=np.bool_)
    for step in range(STRAY_STEPS):
        if not is_running.any():
            return
        if step % STRAY_EVERY == 0:
            running = np.flatnonzero(is_running)
            asked = [(row, goal) for row in running for goal in range(crank.n_goals[row])]
            rows, goal = np.array(asked, dtype=np.int64).T
            state = {name: value[rows] for name, value in crank.task.privileged().items()}
            manner = (step + np.arange(len(rows))) % len(MANNERS)
            yield expert.chunk(state, goal, manner, CHUNK_SIZE)
        drawn = [np.random.default_rng([seed, step]) for seed in seeds]
        actions = [rng.uniform(-1.0, 1.0, crank.embodiment.n_act) for rng in drawn]
        result = crank.step(np.array(actions, dtype=np.float32) * is_running[:, None])
        is_running &= ~(result.terminated | result.truncated)


if __name__ == "__main__":
    sys.exit(main())
