"""Where simulators run: in the calling process, in one of their own, or in several."""

from vla_sim.loop.simulating.asked import AskedSimulators
from vla_sim.loop.simulating.in_process import SimulatorsHere
from vla_sim.loop.simulating.pool import SimulatorPool
from vla_sim.loop.simulating.simulators import SimulatorsConfig
from vla_sim.loop.simulating.worker import SimulatorProcess
from vla_sim.physics.cores import usable_cores


def open_simulators(
    config: SimulatorsConfig, *, n_processes: int | None, seed: int = 0, n_trainers: int = 1
) -> AskedSimulators:
    """Simulators in processes of their own, or in the calling one where `n_processes` is 0.

    The answers are the same. None is a process for each core that no trainer has, and no more than
    tasks.
    """
    n = spare_cores(n_trainers) if n_processes is None else n_processes
    if n == 0:
        return SimulatorsHere(config, seed=seed)
    if min(n, len(config.task_ids)) == 1:
        return SimulatorProcess(config, seed=seed)
    return SimulatorPool(config, n_processes=n, seed=seed)


def spare_cores(n_trainers: int = 1) -> int:
    """Cores that no trainer has, but one at least: simulators that wait leave trainers alone."""
    return max(1, usable_cores() - n_trainers)
