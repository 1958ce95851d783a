"""Contract: what a policy from outside is shown and what its answers mean, for both sides.

A policy that was trained elsewhere closes the loop on cameras, a state and actions of its own. What
of this is not written down is guessed, and a wrong guess looks like a bad policy.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal

from vla_sim.errors import BadConfig
from vla_sim.ranges import above, some, whole

Motion = Literal["native", "velocity", "delta", "pose"]
"""What an action component commands: as `Embodiment.action` says; how fast; how far from here until
the next step; or where to be at the next step."""
Frame = Literal["world", "tool"]
Sight = Literal["scene", "wrist"]


@dataclass(frozen=True, kw_only=True)
class CameraTerms:
    """One picture."""

    key: str
    """Where it lies in what is sent, e.g. "observation/image"."""
    camera: Sight = "scene"
    """The task's own camera, or the one at the wrist."""
    size: int = 0
    """Height and width [px]; 0: as the simulations draw them."""
    half_turn: bool = False
    """Upside down and mirrored, as LIBERO's are shown to policies; upright otherwise."""

    def __post_init__(self) -> None:
        whole(0, 4096, size=self.size)
        if self.camera not in ("scene", "wrist"):
            raise BadConfig(f"the camera of {self.key!r} is {self.camera!r}; use scene or wrist")


@dataclass(frozen=True, kw_only=True)
class StateTerms:
    """The numbers beside the pictures."""

    key: str = "observation/state"
    components: tuple[str, ...]
    """Their names in order, see `vla-sim contract`."""

    def __post_init__(self) -> None:
        some(components=self.components)


@dataclass(frozen=True, kw_only=True)
class ActionTerms:
    """The answer: a chunk of actions."""

    key: str = "actions"
    motion: Motion = "native"
    frame: Frame = "world"
    """In which axes; the arm's base stands in the world's."""
    components: tuple[str, ...] = ()
    """Their names in order. Where the motion is not native: 3 of place, 3 of turn, the gripper."""
    linear: float = 1.0
    """What a 1 of the first three is: [m/s] of a velocity, otherwise [m]."""
    angular: float = 1.0
    """What a 1 of the next three is: [rad/s] of a velocity, otherwise [rad], about the axes of the
    frame as a rotation vector."""
    gripper_open: float = 1.0
    """What opens the gripper,"""
    gripper_closed: float = -1.0
    """and what closes it."""
    rate_hz: float
    """Actions a second."""
    steps: int = 0
    """Actions in a chunk; 0: as many as come."""
    run: int = 0
    """How many of them are run before the next chunk is asked for; 0: all of them, or as many as
    the server says."""
    dtype: str = "float"
    """Of the answer's array: "float32", "float64", or "float" for either."""

    def __post_init__(self) -> None:
        above(0, linear=self.linear, angular=self.angular, rate_hz=self.rate_hz)
        whole(0, steps=self.steps, run=self.run)
        if self.motion not in ("native", "velocity", "delta", "pose"):
            raise BadConfig(f"motion is {self.motion!r}; use native, velocity, delta or pose")
        if self.frame not in ("world", "tool"):
            raise BadConfig(f"frame is {self.frame!r}; use world or tool")
        if self.dtype not in ("float", "float32", "float64"):
            raise BadConfig(f"dtype is {self.dtype!r}; use float, float32 or float64")
        if self.gripper_open == self.gripper_closed:
            raise BadConfig(f"the gripper opens and closes at {self.gripper_open:g}: name the sign")
        if self.steps and self.run > self.steps:
            raise BadConfig(f"run is {self.run}, of chunks of {self.steps} steps; use {self.steps}")
        if self.motion in ("native", "pose") and self.frame != "world":
            raise BadConfig(f"{self.motion} actions are in the world's axes; leave frame away")


@dataclass(frozen=True, kw_only=True)
class Contract:
    """All of it."""

    name: str
    cameras: tuple[CameraTerms, ...] = ()
    state: StateTerms | None = None
    prompt: str = "prompt"
    """Where the instruction lies."""
    actions: ActionTerms
    session: bool = False
    """Send this package's own keys too: task, language, step, time and a seed of the episode's."""

    def __post_init__(self) -> None:
        keys = [camera.key for camera in self.cameras]
        keys += [self.prompt, *([] if self.state is None else [self.state.key])]
        if len(set(keys)) != len(keys):
            raise BadConfig(f"the contract {self.name!r} names a key twice: {', '.join(keys)}")

    @property
    def sights(self) -> tuple[Sight, ...]:
        """The cameras that have to be rendered."""
        return tuple(dict.fromkeys(camera.camera for camera in self.cameras))

    @property
    def plain(self) -> dict[str, Any]:
        """As JSON, TOML and msgpack hold it."""
        return asdict(self)


def differences(ours: Contract, theirs: Contract) -> list[str]:
    """What two contracts say differently, a line each with both sides; nothing where they agree.

    Names are free. A size or a number of steps of 0 says nothing.
    """
    left, right = _flat(ours.plain), _flat(theirs.plain)
    told = []
    for key in dict.fromkeys((*left, *right)):
        here, there = left.get(key, "nothing"), right.get(key, "nothing")
        is_open = key.endswith((".size", ".steps", ".run")) and 0 in (here, there)
        if here != there and not is_open:
            told.append(f"{key}: {here} here, {there} there")
    return told


def _flat(values: Mapping[str, Any]) -> dict[str, Any]:
    flat: dict[str, Any] = {}
    for key, value in values.items():
        if key == "name":
            continue
        if isinstance(value, Mapping):
            flat |= {f"{key}.{inner}": item for inner, item in _flat(value).items()}
        elif key == "cameras":
            for camera in value:
                flat |= {f"{camera['key']}.{k}": item for k, item in camera.items() if k != "key"}
        else:
            flat[key] = ", ".join(value) if isinstance(value, tuple | list) else value
    return flat
