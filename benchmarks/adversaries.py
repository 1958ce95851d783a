"""Adversaries: who acts as badly as a policy can, to find out what a shield is worth.

Some know nothing and some know everything. Each draws from one generator, slot by slot.
"""

from collections.abc import Callable, Mapping
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from vla_sim.envs.crank import Crank
from vla_sim.envs.frames.car_task import CarTask
from vla_sim.envs.shield.surroundings import Surroundings

Floats = NDArray[np.float64]

_CHUNK = 8
"""Steps for which an aim is kept: as long as a policy's chunk."""
_AHEAD_M = 8.0
"""How far ahead an edge is looked for."""
_AT_ONE_WALL = 0.3
"""Of the chunks of who seeks corners."""
_PERIODS = (2, 3, 4, 6, 8, 12, 16, 24, 40)
"""Of what swings [control steps]."""
_SWINGS_FOR = 100
"""Steps of an episode after which the rates are drawn anew."""


class Adversary(Protocol):
    """Acts in every slot of a crank."""

    def act(self, step: int) -> Floats:
        """Normalised actions (n, n_act) of the control step number `step`."""
        ...


class Uniform:
    """Anything."""

    def __init__(self, crank: Crank, rng: np.random.Generator) -> None:
        self._rng, self._shape = rng, (crank.n, crank.embodiment.n_act)

    def act(self, step: int) -> Floats:
        """See `Adversary`."""
        return self._rng.uniform(-1.0, 1.0, self._shape)


class Bang:
    """Another corner of the action's cube in each step."""

    def __init__(self, crank: Crank, rng: np.random.Generator) -> None:
        self._rng, self._shape = rng, (crank.n, crank.embodiment.n_act)

    def act(self, step: int) -> Floats:
        """See `Adversary`."""
        return self._rng.choice([-1.0, 1.0], self._shape)


class Held:
    """Corners, at rest or not, that are held for up to four seconds."""

    def __init__(self, crank: Crank, rng: np.random.Generator) -> None:
        self._rng = rng
        self._action = np.zeros((crank.n, crank.embodiment.n_act))
        self._until = np.zeros(crank.n, dtype=np.int64)

    def act(self, step: int) -> Floats:
        """See `Adversary`."""
        rng = self._rng
        for slot in np.flatnonzero(self._until <= step):
            self._until[slot] = step + int(rng.integers(5, 40))
            corner = rng.choice([-1.0, 0.0, 1.0, 1.0], self._action.shape[1])
            self._action[slot] = corner * rng.choice([1.0, 1.0, 0.5])
        return self._action


class Flips:
    """Full speed, and everything that turns at its limit, to and fro every one to six steps."""

    def __init__(self, crank: Crank, rng: np.random.Generator) -> None:
        self._every = rng.integers(1, 7, (crank.n, crank.embodiment.n_act))
        self._sign = rng.choice([-1.0, 1.0], self._every.shape)
        self._is_car = isinstance(crank.task, CarTask)

    def act(self, step: int) -> Floats:
        """See `Adversary`."""
        action: Floats = self._sign * (1.0 - 2.0 * (step // self._every % 2))
        if self._is_car:
            action[:, 0] = 1.0
        return action


class Resonance:
    """Every component swings at a rate of its own, as a wave or between its limits."""

    def __init__(self, crank: Crank, rng: np.random.Generator) -> None:
        shape = (crank.n, crank.embodiment.n_act)
        self._rng, self._crank = rng, crank
        self._rate, self._phase, self._square = np.empty(shape), np.empty(shape), np.empty(shape)

    def act(self, step: int) -> Floats:
        """See `Adversary`."""
        rng, n_act = self._rng, self._rate.shape[1]
        for slot in np.flatnonzero(self._crank.steps % _SWINGS_FOR == 0):
            self._rate[slot] = 2.0 * np.pi / rng.choice(_PERIODS, n_act)
            self._phase[slot] = rng.uniform(0.0, 2.0 * np.pi, n_act)
            self._square[slot] = rng.choice([0.0, 1.0], n_act)
        wave = np.sin(self._rate * step + self._phase)
        return np.where(self._square > 0.0, np.where(wave >= 0.0, 1.0, -1.0), wave)


class CornerSeeker:
    """An arm's chunks at full speed for a corner or a wall of its workspace, turning as it goes."""

    def __init__(self, crank: Crank, rng: np.random.Generator) -> None:
        self._rng = rng
        self._action = np.zeros((crank.n, crank.embodiment.n_act))

    def act(self, step: int) -> Floats:
        """See `Adversary`."""
        if step % _CHUNK == 0:
            for action in self._action:
                action[:] = self._rng.choice([-1.0, 1.0], len(action))
                if self._rng.random() < _AT_ONE_WALL:
                    action[self._rng.choice(3, 2, replace=False)] = 0.0
        return self._action


class EdgeSeeker:
    """A car that drives at full speed for the nearest edge of its ground, or the nearest thing.

    It knows where they are, which is more than policies do.
    """

    def __init__(self, crank: Crank, task: CarTask, rng: np.random.Generator) -> None:
        self._rng, self._crank, self._task = rng, crank, task
        self._things = Surroundings(crank.engine, "car/")
        self._rams = np.zeros(crank.n, dtype=bool)

    def act(self, step: int) -> Floats:
        """See `Adversary`."""
        self._things.look(self._crank.embodiment.control_dt_s)
        if step % _CHUNK == 0:
            self._rams = self._rng.random(self._crank.n) < 0.5
        pose, ground = self._task.privileged()["pose"], self._task.ground()
        action = np.ones((self._crank.n, 2))
        for slot, things in enumerate(self._things.footprint):
            shown = things[things[:, 7] > 0.0]
            if self._rams[slot] and len(shown):
                action[slot, 1] = _towards(pose[slot], shown)
            else:
                action[slot, 1] = _off(pose[slot], ground[slot])
        return action


def edge(crank: Crank, rng: np.random.Generator) -> Adversary:
    """Who goes for the edge of what the crank's robot may do."""
    if isinstance(crank.task, CarTask):
        return EdgeSeeker(crank, crank.task, rng)
    return CornerSeeker(crank, rng)


def _towards(pose: Floats, things: Floats) -> float:
    """Steers for the nearest thing."""
    away = things[:, :2] - pose[:2]
    dx, dy = away[np.argmin((away**2).sum(axis=1))]
    off = np.arctan2(dy, dx) - pose[2]
    off -= 2.0 * np.pi * np.floor(off / (2.0 * np.pi) + 0.5)
    return float(np.clip(2.0 * off, -1.0, 1.0))


def _off(pose: Floats, strips: Floats) -> float:
    """Steers to where the ground ends soonest."""
    room = []
    for side in (-1.0, 1.0):
        yaw = pose[2] + 0.6 * side
        point = pose[:2] + _AHEAD_M * np.array([np.cos(yaw), np.sin(yaw)])
        room.append(_room(point, strips))
    return -1.0 if room[0] < room[1] else 1.0


def _room(point: Floats, strips: Floats) -> float:
    """From a point to the edge of the strips' union [m], about."""
    way = strips[:, 2:4] - strips[:, :2]
    length = np.maximum(np.sqrt((way**2).sum(axis=1)), 1e-9)
    way = way / length[:, None]
    off = point - strips[:, :2]
    along = (off * way).sum(axis=1)
    aside = np.abs(off[:, 1] * way[:, 0] - off[:, 0] * way[:, 1])
    over = np.maximum(np.maximum(-along, along - length), 0.0)
    return float((strips[:, 4] - np.sqrt(aside**2 + over**2)).max())


ADVERSARIES: Mapping[str, Callable[[Crank, np.random.Generator], Adversary]] = {
    "random": Uniform,
    "bang": Bang,
    "held": Held,
    "flips": Flips,
    "resonance": Resonance,
    "edge": edge,
}
"""Each by its name."""
