"""Worlds: a batch of episodes behind the operations of LeRobot's environment protocol.

Source:
    LeRobot's public development tree, `lerobot.env_server.contracts`: what a descriptor and a
    result hold, and of which types.
"""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lerobot_env_vla_sim.envelope import INCOMPATIBLE, MALFORMED, Refused
from lerobot_env_vla_sim.eval_batch import EvalBatch
from lerobot_env_vla_sim.scenes import Scenes
from vla_sim.envs.crank import CrankConfig
from vla_sim.envs.task_names import short_name
from vla_sim.envs.tasks import make_task
from vla_sim.errors import BadConfig
from vla_sim.ranges import some
from vla_sim.records.observation import PICTURE

IMAGE, STATE = f"observation.images.{PICTURE}", "observation.state"
OPERATIONS = ("reset", "step", "snapshot", "render", "close")
_NUMBER = "0"
"""Each task is a group of one."""


@dataclass(frozen=True, kw_only=True)
class WorldsConfig:
    """What is simulated.

    Raises:
        UnknownName: If there is no such task, language or axis.
        BadConfig: If a number is out of range, or the tasks are not of one robot.
    """

    task_ids: tuple[str, ...]
    scenes: Scenes
    crank: CrankConfig

    def __post_init__(self) -> None:
        some(task=self.task_ids)
        robots = {make_task(task_id).robot.embodiment.name for task_id in self.task_ids}
        if len(robots) > 1:
            raise BadConfig(
                f"tasks of several robots ({', '.join(sorted(robots))}): a client is told one "
                "action and one state; start a server for each robot"
            )

    def descriptor(self, task_id: str) -> dict[str, Any]:
        """What a client is told of a task before it opens it."""
        task, side = make_task(task_id), self.crank.image_size
        body = task.robot.embodiment
        meaning = f"vla_sim.{body.name}.normalised.v1"
        names = [
            f"{g.name}{k}" if g.size > 1 else g.name for g in body.action for k in range(g.size)
        ]
        first = np.cumsum([0, *(group.size for group in body.action)])
        held = [k for k, group in zip(first, body.action, strict=False) if group.name == "gripper"]
        return {
            "sim_type": "vla_sim",
            "robot_type": body.name,
            "semantics": meaning,
            "features": [
                _feature(IMAGE, (side, side, 3), "uint8", "rgb", (), meaning),
                _feature(
                    STATE, (body.n_proprio,), "float32", "tensor", body.proprio_names, meaning
                ),
            ],
            "action_feature": _feature(
                "action", (body.n_act,), "float32", "tensor", names, meaning
            ),
            # Of LeRobot's four words the one for rates; what each component is, our pages say.
            "control": "velocity",
            "hold": "none",
            "fps": 1.0 / body.control_dt_s,
            "clocks": ["lockstep"],
            "tasks": {short_name(one): [_NUMBER] for one in self.task_ids},
            "max_episode_steps": round(task.horizon_s / body.control_dt_s),
            "sim_build": {name: version(name) for name in ("vla-sim", "mujoco", "numpy")},
            "gripper_indices": [int(k) for k in held],
            "command_retention_indices": [],
            "operations": list(OPERATIONS),
        }

    def bytes_of(self, n: int) -> int:
        """How long the pictures and states of n worlds are."""
        body = make_task(self.task_ids[0]).robot.embodiment
        return n * (3 * self.crank.image_size**2 + 4 * body.n_proprio)

    def task_id(self, group: object, number: object) -> str:
        """The task that a client asks for.

        Raises:
            Refused: If it is not served.
        """
        known = {short_name(task_id): task_id for task_id in self.task_ids}
        name = next(iter(known)) if group is None else group
        if not isinstance(name, str) or name not in known or number != int(_NUMBER):
            raise Refused(
                INCOMPATIBLE, f"no task {group!r}, {number!r}; there are {', '.join(known)}"
            )
        return known[name]


class Worlds:
    """n episodes of a task, one session's own."""

    def __init__(self, config: WorldsConfig, task_id: str, n: int) -> None:
        """Make the simulations; `reset` begins the episodes."""
        self.n = n
        self._batch = EvalBatch(
            task_id,
            n,
            scenes=config.scenes,
            renderer=config.crank.renderer,
            image_size=config.crank.image_size,
            n_threads=config.crank.n_threads,
        )
        self._dt_s = self._batch.crank.embodiment.control_dt_s
        self._seen: Mapping[str, Any] = {}
        self._reward = np.zeros(n)
        self._over = np.zeros((2, n), dtype=bool)
        self._succeeded = np.zeros(n, dtype=bool)
        self._steps = np.zeros(n, dtype=np.int64)
        self._n_ticks = 0

    def reset(self, seeds: object, ids: object) -> dict[str, Any]:
        """Begin episodes in the worlds `ids`, or in all: a seed is the benchmark's episode.

        Raises:
            Refused: If there are no such worlds or seeds.
        """
        chosen = list(range(self.n)) if ids is None else _whole_numbers(ids, "env_ids")
        if len(set(chosen)) != len(chosen) or not all(0 <= k < self.n for k in chosen):
            raise Refused(
                MALFORMED, f"env_ids {chosen} are not worlds 0 to {self.n - 1}, each once"
            )
        asked: list[int | None] = [None] * len(chosen)
        if seeds is not None:
            asked = _whole_numbers(seeds, "seeds", or_none=True)
        if len(asked) != len(chosen):
            raise Refused(MALFORMED, f"{len(asked)} seeds for {len(chosen)} worlds")
        seed: list[int | None] = [None] * self.n
        mask = np.zeros(self.n, dtype=bool)
        for k, one in zip(chosen, asked, strict=True):
            seed[k], mask[k] = one, True
        options = None if mask.all() else {"reset_mask": mask}
        self._seen, _ = self._batch.reset(seed=seed, options=options)
        self._reward[mask] = 0.0
        self._over[:, mask] = False
        self._succeeded[mask] = False
        self._steps[mask] = 0
        if mask.all():
            self._n_ticks = 0
        return self.result()

    def step(self, actions: object) -> dict[str, Any]:
        """One control step of the worlds whose episodes are not over.

        Returns:
            The result, and what was executed: which worlds moved, by which actions, and when.

        Raises:
            Refused: If the actions are not finite float32 (n, n_act).
        """
        shape = (self.n, self._batch.crank.embodiment.n_act)
        if not isinstance(actions, np.ndarray) or actions.shape != shape:
            raise Refused(INCOMPATIBLE, f"actions are not of shape {shape}")
        if actions.dtype != np.float32:
            raise Refused(INCOMPATIBLE, f"actions are {actions.dtype}, not float32")
        began_s = time.monotonic()
        moves: NDArray[np.bool_] = ~np.logical_or(self._over[0], self._over[1])
        self._seen, reward, terminated, truncated, info = self._batch.step(actions)
        self._reward = np.asarray(reward)
        self._over = np.stack([terminated, truncated])
        self._succeeded = info["is_success"]
        self._steps += moves
        self._n_ticks += 1
        return {
            "result": self.result(),
            "executed": {
                "applied": np.where(moves[:, None], actions, np.float32(0)),
                "advanced": moves,
                "started_at": began_s,
                "completed_at": time.monotonic(),
            },
        }

    def result(self) -> dict[str, Any]:
        """What is seen now, and how far the episodes are."""
        return {
            "obs": {IMAGE: self._seen["pixels"][PICTURE], STATE: self._seen["agent_pos"]},
            "task": list(self._batch.get_attr("task_description")),
            "reward": self._reward.astype(np.float32),
            "terminated": self._over[0].copy(),
            "truncated": self._over[1].copy(),
            "is_success": self._succeeded.copy(),
            "sim_time": self._n_ticks * self._dt_s,
            "step": self._steps.copy(),
        }

    def frames(self) -> list[NDArray[np.uint8]]:
        """A picture of each world, uint8 (h, w, 3)."""
        return list(self._batch.render() or ())

    def close(self) -> None:
        """End the simulations."""
        self._batch.close()


def _feature(
    name: str, shape: Sequence[int], dtype: str, kind: str, names: Sequence[str], meaning: str
) -> dict[str, Any]:
    return {
        "name": name,
        "shape": list(shape),
        "dtype": dtype,
        "kind": kind,
        "names": list(names),
        "semantics": meaning,
    }


def _whole_numbers(value: object, name: str, *, or_none: bool = False) -> list[Any]:
    if not isinstance(value, list) or not all(
        type(one) is int or (or_none and one is None) for one in value
    ):
        raise Refused(MALFORMED, f"{name} is no list of whole numbers")
    return value
