"""The engines by name."""

import copy
from collections.abc import Callable
from importlib.metadata import PackageNotFoundError, version

import mujoco

from vla_sim.errors import BadConfig, UnknownName
from vla_sim.physics.world import World
from vla_sim.protocols.engine import Engine

Maker = Callable[[mujoco.MjModel, int, int], Engine]


def _mujoco(model: mujoco.MjModel, n: int, n_threads: int) -> Engine:
    return World(model, n, n_threads)


def _half_step(model: mujoco.MjModel, n: int, n_threads: int) -> Engine:
    """MuJoCo with half the model's time step."""
    finer = copy.copy(model)
    finer.opt.timestep = 0.5 * model.opt.timestep
    return World(finer, n, n_threads)


def _pyramid(model: mujoco.MjModel, n: int, n_threads: int) -> Engine:
    """MuJoCo with pyramidal friction cones and the fully implicit integrator."""
    other = copy.copy(model)
    other.opt.cone = int(mujoco.mjtCone.mjCONE_PYRAMIDAL)
    other.opt.integrator = int(mujoco.mjtIntegrator.mjINT_IMPLICIT)
    return World(other, n, n_threads)


def _pybullet(model: mujoco.MjModel, n: int, n_threads: int) -> Engine:
    # Here, because it is the rarer one and brings scipy along.
    from vla_sim.physics.bullet.world import BulletWorld

    return BulletWorld(model, n, n_threads)


ENGINES: dict[str, Maker] = {
    "mujoco": _mujoco,
    "mujoco-half-step": _half_step,
    "mujoco-pyramid": _pyramid,
    "pybullet": _pybullet,
}


def make_engine(name: str, model: mujoco.MjModel, n: int, n_threads: int = 1) -> Engine:
    """Build `n` simulations of a model on the engine `name`.

    Args:
        name: A name in ENGINES.
        model: The compiled scene.
        n: Number of simulations.
        n_threads: Threads that share the work.

    Raises:
        UnknownName: If there is no such engine.
        BadConfig: If a number is below 1, or the engine is missing or cannot run this model.
    """
    if name not in ENGINES:
        raise UnknownName("engine", name, ENGINES)
    return ENGINES[name](model, n, n_threads)


def engine_id(name: str) -> str:
    """The id of an engine in run cards, with the version of what computes.

    Raises:
        UnknownName: If there is no such engine.
        BadConfig: If its package is not installed.
    """
    if name not in ENGINES:
        raise UnknownName("engine", name, ENGINES)
    package = name.partition("-")[0]
    try:
        return f"{name} {version(package)}"
    except PackageNotFoundError as error:
        raise BadConfig(
            f"the engine {name!r} is not installed: pip install 'vla-sim[{package}]'"
        ) from error
