"""Reading: what a message of a contract says of one robot, as a policy here is told it.

What the contract does not tell is worked out from what it does, as far as that goes: the commanded
velocity of an arm, which no other robot reports, from where its tool was when it last asked.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from vla_sim.envs.sensing.posture import has_posture, matrices, quaternion_of
from vla_sim.errors import BadConfig, BadMessage
from vla_sim.loop.serving.contracts import TOOL_NAMES
from vla_sim.loop.serving.translation import LANGUAGE, OWN_SEED, STEP, TASK, TIME, Translation
from vla_sim.records.instruction import LANGUAGES, Words

Floats = NDArray[np.float64]
_MOST_LETTERS = 2000
_LARGEST_PX = 4096
_TOOL, _QUATERNION, _TURN, _FINGERS = (
    TOOL_NAMES[:3],
    TOOL_NAMES[3:7],
    TOOL_NAMES[7:10],
    TOOL_NAMES[10:],
)
_RATES = tuple(
    f"commanded_{what}_{axis}" for what in ("velocity", "acceleration") for axis in "xyz"
)


@dataclass(kw_only=True)
class Session:
    """What is known of a connection.

    Attributes:
        row: Its number, which no other connection has.
        task_id: The task that is meant where messages name none.
        n_asked: Messages of the present episode that were answered.
        place: Where the tool was at the last of them [m], if anybody says.
        velocity: How fast it moved until then [m/s].
    """

    row: int
    task_id: str
    n_asked: int = 0
    place: Floats | None = None
    velocity: Floats | None = None


@dataclass(frozen=True, kw_only=True)
class Moment:
    """One message, read.

    Attributes:
        session: Whose it is.
        task_id: The task.
        begins: Another episode begins with it.
        images: {"scene" or "wrist": (h, w, 3)}.
        proprio: (n_proprio,).
        joints: (d,) or None.
        tool: (7,) or None.
        words: What was said.
        step: Control steps since the episode began.
        time_s: The same in time.
        own_seed: The episode's own seed.
    """

    session: Session
    task_id: str
    begins: bool
    images: Mapping[str, NDArray[np.uint8]]
    proprio: NDArray[np.float32]
    joints: NDArray[np.float32] | None
    tool: NDArray[np.float32] | None
    words: Words
    step: int
    time_s: float
    own_seed: int


class Reader:
    """Reads messages of one contract about one robot."""

    def __init__(self, translation: Translation, *, image_px: int, steps: int) -> None:
        """A reader.

        Args:
            translation: Contract and robot.
            image_px: Pictures are brought to this size; 0: they stay as they are.
            steps: Control steps from one message to the next, for clients that do not count.

        Raises:
            BadConfig: If the contract does not tell what a policy here has to know.
        """
        self.contract, self.body = translation.contract, translation.body
        self._image_px, self._steps = image_px, steps
        names = () if self.contract.state is None else self.contract.state.components
        self._names = names
        known = dict.fromkeys(names, 0.0)
        lacking = [
            n for n in self.body.proprio_names if n not in self._worked_out(known, None, 1.0)
        ]
        if lacking:
            raise BadConfig(
                f"the contract {self.contract.name!r} does not tell {', '.join(lacking)}, and a "
                f"policy here is given {', '.join(self.body.proprio_names)} of {self.body.name}"
            )

    def read(self, message: object, session: Session) -> Moment:
        """What a message says; the session is brought up to date.

        Raises:
            BadMessage: If it is not what the contract says; the error has both sides.
        """
        if not isinstance(message, Mapping):
            raise BadMessage(f"an observation is a map; a {type(message).__name__} came")
        said = _text(message, self.contract.prompt)
        images: dict[str, NDArray[np.uint8]] = {
            camera.camera: self._image(message, camera) for camera in self.contract.cameras
        }
        known = self._state(message)
        step = _whole(message, STEP, session.n_asked * self._steps)
        begins = step == 0
        if begins:
            session.n_asked, session.place, session.velocity = 0, None, None
        dt = self.body.control_dt_s
        known = self._worked_out(known, session, self._steps * dt)
        session.n_asked += 1
        if has_posture(self.body):
            before = session.place
            session.place = np.array([known[name] for name in _TOOL])
            if before is not None:
                session.velocity = (session.place - before) / (self._steps * dt)
        language = message.get(LANGUAGE, "en")
        if language not in LANGUAGES:
            raise BadMessage(f"{LANGUAGE}: one of {', '.join(LANGUAGES)}; {language!r} came")
        return Moment(
            session=session,
            task_id=str(message.get(TASK, "") or session.task_id),
            begins=begins,
            images=images,
            proprio=_row(known, self.body.proprio_names),
            joints=self._joints(known),
            tool=_row(known, (*_TOOL, *_QUATERNION)) if has_posture(self.body) else None,
            words=Words(text=said, language=language),
            step=step,
            time_s=_number(message, TIME, step * dt),
            own_seed=_whole(message, OWN_SEED, max(session.row, 0)),
        )

    def _image(self, message: Mapping[Any, Any], camera: Any) -> NDArray[np.uint8]:
        image = message.get(camera.key)
        size = camera.size
        wanted = f"({size or 'h'}, {size or 'w'}, 3) uint8"
        if not isinstance(image, np.ndarray):
            held = ", ".join(map(str, list(message)[:12]))
            raise BadMessage(f"{camera.key}: {wanted} in the contract; the message holds {held}")
        fits = image.ndim == 3 and image.shape[2] == 3 and image.dtype == np.uint8
        if not fits or (size and image.shape[:2] != (size, size)) or 0 in image.shape:
            raise BadMessage(
                f"{camera.key}: {wanted} in the contract; {image.shape} {image.dtype} came"
            )
        if max(image.shape) > _LARGEST_PX:
            raise BadMessage(f"{camera.key}: {_LARGEST_PX} px at most; {image.shape} came")
        upright = image[::-1, ::-1] if camera.half_turn else image
        px = self._image_px
        if px and upright.shape[:2] != (px, px):
            picture = Image.fromarray(np.ascontiguousarray(upright))
            return np.asarray(picture.resize((px, px), Image.Resampling.BOX))
        return upright

    def _state(self, message: Mapping[Any, Any]) -> dict[str, float]:
        terms = self.contract.state
        if terms is None:
            return {}
        state: Any = message.get(terms.key)
        fits = isinstance(state, np.ndarray) and state.shape == (len(self._names),)
        if not fits or state.dtype.kind not in "fiu" or not np.isfinite(state).all():
            shape = getattr(state, "shape", type(state).__name__)
            raise BadMessage(
                f"{terms.key}: {len(self._names)} finite numbers in the contract "
                f"({', '.join(self._names)}); {shape} came"
            )
        return dict(zip(self._names, state.tolist(), strict=True))

    def _worked_out(
        self, known: Mapping[str, float], session: Session | None, elapsed_s: float
    ) -> dict[str, float]:
        """What is told, and what follows from it."""
        full = dict(known)
        if not has_posture(self.body):
            return full
        if all(name in known for name in _TURN) and _QUATERNION[0] not in known:
            turn = np.array([[known[name] for name in _TURN]])
            full |= dict(zip(_QUATERNION, quaternion_of(turn)[0].tolist(), strict=True))
        for axis, name in zip("xyz", _TOOL, strict=True):
            if name in full:
                full.setdefault(f"tcp_{axis}", full[name])
            elif f"tcp_{axis}" in full:
                full[name] = full[f"tcp_{axis}"]
        if _QUATERNION[0] in full and "cos_yaw" not in full:
            quaternion = np.array([[full[name] for name in _QUATERNION]])
            forward = matrices(quaternion)[0, :2, 0]
            forward = forward / max(float(np.linalg.norm(forward)), 1e-9)
            full["cos_yaw"], full["sin_yaw"] = forward.tolist()
        if all(name in full for name in _FINGERS):
            full.setdefault("gripper_width", full[_FINGERS[0]] - full[_FINGERS[1]])
        if all(name in full for name in _TOOL):
            self._estimate_rates(full, session, elapsed_s)
        return full

    def _estimate_rates(
        self, full: dict[str, float], session: Session | None, elapsed_s: float
    ) -> None:
        """Commanded velocity and acceleration from where the tool was; 0 at first."""
        if all(name in full for name in _RATES):
            return
        place, velocity, acceleration = np.array([full[n] for n in _TOOL]), np.zeros(3), np.zeros(3)
        if session is not None and session.place is not None:
            velocity = (place - session.place) / elapsed_s
            if session.velocity is not None:
                acceleration = (velocity - session.velocity) / elapsed_s
        for name, value in zip(_RATES, [*velocity, *acceleration], strict=True):
            full.setdefault(name, float(value))

    def _joints(self, known: Mapping[str, float]) -> NDArray[np.float32] | None:
        names = [g.name for g in self.body.motion if not g.name.startswith("tcp_")]
        return _row(known, names) if all(name in known for name in names) else None


def _row(known: Mapping[str, float], names: Any) -> NDArray[np.float32]:
    return np.array([known[name] for name in names], dtype=np.float32)


def _text(message: Mapping[Any, Any], key: str) -> str:
    said = message.get(key)
    if not isinstance(said, str):
        raise BadMessage(f"{key}: a text in the contract; {type(said).__name__} came")
    if len(said) > _MOST_LETTERS:
        raise BadMessage(f"{key}: {_MOST_LETTERS} letters at most; {len(said)} came")
    return said


def _number(message: Mapping[Any, Any], key: str, otherwise: float) -> float:
    value = message.get(key, otherwise)
    if not isinstance(value, int | float) or not math.isfinite(value):
        raise BadMessage(f"{key}: a number; {value!r} came")
    return float(value)


def _whole(message: Mapping[Any, Any], key: str, otherwise: int) -> int:
    value = message.get(key, otherwise)
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value < 2**63:
        raise BadMessage(f"{key}: a whole number from 0 on; {value!r} came")
    return value
