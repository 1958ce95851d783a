"""Observation modes: one world, in the shapes that different policies expect.

A mode is chosen when an environment is made, `gymnasium.make(task_id, obs_mode="lerobot")`; it
changes names, shapes and cameras of what is seen, nothing of what happens.
"""

from collections.abc import Callable, Mapping
from typing import Any, Protocol

import numpy as np
from gymnasium import spaces
from numpy.typing import NDArray

from vla_sim.envs.crank import Crank
from vla_sim.envs.faces.spaces import Prompt, encode_instruction, observation_space
from vla_sim.envs.faces.state_mode import StateMode
from vla_sim.envs.robots.arm import ArmRobot
from vla_sim.envs.sensing.posture import rotation_vector
from vla_sim.errors import BadConfig, UnknownName
from vla_sim.records.observation import PICTURE

Ids = NDArray[np.int64]
Seen = dict[str, Any]
"""{name: array (m, ...), or tuple of m texts, or a dict of those}."""


class ObservationMode(Protocol):
    """How the simulations of a crank are shown."""

    @property
    def space(self) -> spaces.Dict:
        """The space of one simulation's observation."""
        ...

    def see(self, ids: Ids) -> Seen:
        """Observations of the simulations `ids`."""
        ...


class NativeMode:
    """`image`, `proprio`, and the instruction as zero-padded UTF-8 `instruction`."""

    def __init__(self, crank: Crank) -> None:
        self._crank = crank
        self.space = observation_space(crank.embodiment, crank.config.image_size)

    def see(self, ids: Ids) -> Seen:
        """Observations of the simulations `ids`."""
        seen = self._crank.observe(ids)
        return {
            "image": seen.images[self._crank.task.camera.name],
            "proprio": seen.proprio.astype(np.float32),
            "instruction": np.stack([encode_instruction(text) for text in _told(self._crank, ids)]),
        }


class LeRobotMode:
    """LeRobot's names: `pixels` {PICTURE: (h, w, 3)} and `agent_pos`, the proprioception.

    The picture has the same name for every task, as in datasets (`observation.images.<PICTURE>`).
    The instruction is `env.unwrapped.task_description`, where LeRobot's evaluation reads it.
    """

    def __init__(self, crank: Crank) -> None:
        self._crank = crank
        pictures = spaces.Dict({PICTURE: _picture(crank.config.image_size)})
        self.space = spaces.Dict(
            {"pixels": pictures, "agent_pos": _unbounded(crank.embodiment.n_proprio)}
        )

    def see(self, ids: Ids) -> Seen:
        """Observations of the simulations `ids`."""
        seen = self._crank.observe(ids)
        return {
            "pixels": {PICTURE: seen.images[self._crank.task.camera.name]},
            "agent_pos": seen.proprio.astype(np.float32),
        }


class LiberoMode:
    """The keys of openpi's LIBERO policies, for arms.

    `observation/image` and `observation/wrist_image` (h, w, 3), upright: where a checkpoint wants
    LIBERO's half turn, give it `image[::-1, ::-1]`; openpi's clients resize to 224 themselves.
    `observation/state`: tool position (3) [m], tool orientation as axis-angle (3) [rad], which does
    not jump where the tool points straight down, and the two fingers' positions (2) [m]; as the
    contract of this name has it, sensor noise included. `prompt`: the instruction. The wrist camera
    goes with the hand and does not turn with it; its pictures stay as in training under axes that
    change what is seen.

    Raises:
        BadConfig: If the robot is no arm with a hand.
    """

    def __init__(self, crank: Crank) -> None:
        body = crank.embodiment
        if not isinstance(crank.robot, ArmRobot):
            raise BadConfig(
                f"obs_mode 'libero' is for arms with a hand; {crank.task_id} has the robot"
                f" {body.name!r}: use 'native' or 'lerobot'"
            )
        self._crank = crank
        self._width = body.proprio_names.index("gripper_width")
        size = crank.config.image_size
        self.space = spaces.Dict(
            {
                "observation/image": _picture(size),
                "observation/wrist_image": _picture(size),
                "observation/state": _unbounded(8),
                "prompt": Prompt(),
            }
        )

    def see(self, ids: Ids) -> Seen:
        """Observations of the simulations `ids`."""
        seen = self._crank.observe(ids)
        body = self._crank.posture(ids)
        assert body is not None
        turn = rotation_vector(body.tool[:, 3:])
        finger = 0.5 * seen.proprio[:, self._width]
        state = np.column_stack([body.tool[:, :3], turn, finger, -finger])
        return {
            "observation/image": seen.images[self._crank.task.camera.name],
            "observation/wrist_image": self._crank.wrist.rgb(ids),
            "observation/state": state.astype(np.float32),
            "prompt": tuple(_told(self._crank, ids)),
        }


OBSERVATION_MODES: Mapping[str, Callable[[Crank], ObservationMode]] = {
    "native": NativeMode,
    "lerobot": LeRobotMode,
    "libero": LiberoMode,
    "state": StateMode,
}


def make_mode(name: str, crank: Crank) -> ObservationMode:
    """Build the observation mode `name` for a crank.

    Raises:
        UnknownName: If there is no such mode.
        BadConfig: If the mode is not for the crank's robot.
    """
    if name not in OBSERVATION_MODES:
        raise UnknownName("obs_mode", name, OBSERVATION_MODES)
    return OBSERVATION_MODES[name](crank)


def row_of(seen: Seen, row: int) -> Seen:
    """The observation of one row, as copies."""
    return {
        key: row_of(value, row)
        if isinstance(value, dict)
        else (value[row].copy() if isinstance(value, np.ndarray) else value[row])
        for key, value in seen.items()
    }


def with_rows(seen: Seen, ids: Ids, fresh: Seen) -> Seen:
    """`seen` with the rows `ids` replaced by `fresh`; arrays are written in place."""
    merged: Seen = {}
    for key, value in seen.items():
        if isinstance(value, dict):
            merged[key] = with_rows(value, ids, fresh[key])
        elif isinstance(value, np.ndarray):
            value[ids] = fresh[key]
            merged[key] = value
        else:
            texts = list(value)
            for slot, text in zip(ids.tolist(), fresh[key], strict=True):
                texts[slot] = text
            merged[key] = tuple(texts)
    return merged


def _told(crank: Crank, ids: Ids) -> list[str]:
    shown = [crank.shown[slot] for slot in ids]
    return [instruction.text if instruction else "" for instruction in shown]


def _picture(size: int) -> spaces.Box:
    return spaces.Box(0, 255, (size, size, 3), np.uint8)


def _unbounded(width: int) -> spaces.Box:
    return spaces.Box(-np.inf, np.inf, (width,), np.float32)
