"""What the whole pipeline costs: `python -m benchmarks.throughput`.

Physics of the environment against the raw batch of MuJoCo on the same model and substeps, and the
pictures with their triples that two processes make a second.
"""

import multiprocessing
import time
from collections.abc import Callable

import numpy as np

from vla_sim.agents.experts.table import expert_for
from vla_sim.envs.crank import Crank
from vla_sim.envs.plan import plan_episodes
from vla_sim.loop.simulating.labels import Labeller
from vla_sim.loop.simulating.simulators import Simulators, SimulatorsConfig, StationConfig
from vla_sim.physics.world import World

LIFT = "vla_sim/Lift-v1"
N = 64


def best(work: Callable[[], object], rounds: int) -> float:
    """The shortest wall time of one call [s]: other work on the machine can only add to it."""
    work()
    times = []
    for _ in range(rounds):
        began = time.perf_counter()
        work()
        times.append(time.perf_counter() - began)
    return min(times)


def physics_ratio(rounds: int = 60) -> float:
    """Env steps a second of the crank over those of the raw batch, same states and substeps."""
    crank = Crank(LIFT, N)
    nothing = np.zeros((N, 7), dtype=np.float32)
    raw = Crank(LIFT, N)
    for each in (crank, raw):
        each.start(np.arange(N), plan_episodes(LIFT, range(N)))
    substeps, world = crank.n_substeps, raw.engine
    assert isinstance(world, World)
    env_s, raw_s = [], []
    for _ in range(rounds):
        # In turns, so that both meet the same machine.
        env_s.append(best(lambda: crank.step(nothing), 1))
        raw_s.append(best(lambda: world.batch.step(nstep=substeps), 1))
    return float(np.median(raw_s) / np.median(env_s))


def _collect(n_rows: int, answers: "multiprocessing.Queue[tuple[int, float]]") -> None:
    stations = StationConfig(n_slots=N, label_every=1)
    simulators = Simulators(SimulatorsConfig(task_ids=(LIFT,), stations=stations))
    simulators.collect(None, expert_share=1.0, n_rows=4 * N)
    began = time.perf_counter()
    harvest = simulators.collect(None, expert_share=1.0, n_rows=n_rows)
    answers.put((len(harvest.steps["task"]), time.perf_counter() - began))


def pictures_with_triples_per_s(n_rows: int = 12_000) -> float:
    """Lift at 20 Hz, a 64 px picture, words, and expert labels for every goal, two processes."""
    context = multiprocessing.get_context("spawn")
    answers: multiprocessing.Queue[tuple[int, float]] = context.Queue()
    workers = [context.Process(target=_collect, args=(n_rows, answers)) for _ in range(2)]
    for worker in workers:
        worker.start()
    rates = [n / seconds for n, seconds in (answers.get(), answers.get())]
    for worker in workers:
        worker.join()
    return sum(rates)


def labels_us() -> float:
    """Time to label one picture of Lift for all its goals, picture included [us]."""
    crank = Crank(LIFT, N)
    crank.start(np.arange(N), plan_episodes(LIFT, range(N)))
    expert = expert_for(LIFT, crank.embodiment, crank.task.manners)
    labeller = Labeller(crank, expert)
    nobody = np.zeros(N, dtype=bool)
    return best(lambda: labeller.rows(np.arange(N), nobody), 20) / N * 1e6


if __name__ == "__main__":
    print(f"env steps over raw batch steps: {physics_ratio():.2f}")
    print(f"labels with picture: {labels_us():.0f} us")
    print(f"pictures with triples, 2 processes: {pictures_with_triples_per_s():,.0f} /s")
