"""Translation: between what a policy here is given and a contract's messages, both ways.

Legend: K steps of a chunk, A action components.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.spatial.transform import Rotation

from vla_sim.envs.sensing.posture import has_posture, rotation_vector
from vla_sim.errors import BadMessage
from vla_sim.loop.serving.contracts import TOOL_NAMES, action_names
from vla_sim.records.contract import Contract
from vla_sim.records.embodiment import Embodiment
from vla_sim.records.observation import PolicyInput

Floats = NDArray[np.float64]
Message = dict[str, Any]
TASK, LANGUAGE, STEP, TIME, OWN_SEED = (
    f"vla_sim/{name}" for name in ("task", "language", "step", "time_s", "own_seed")
)
"""The keys of a session: what a policy in this process is told beside its senses and its words."""
_LOOKS_DOWN = np.array([0.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0])


class Translation:
    """Messages of one contract about one robot."""

    def __init__(self, contract: Contract, body: Embodiment) -> None:
        self.contract = contract
        self.body = body
        self._width = len(contract.actions.components) or body.n_act

    def message(self, told: PolicyInput, place: int) -> Message:
        """What is sent of one row."""
        contract, seen = self.contract, told.observation
        message: Message = {contract.prompt: told.instructions[place].text}
        for camera in contract.cameras:
            image = next(
                images[place]
                for name, images in seen.images.items()
                if (name == "wrist") == (camera.camera == "wrist")
            )
            upright = image if not camera.half_turn else image[::-1, ::-1]
            message[camera.key] = np.ascontiguousarray(upright)
        if contract.state is not None:
            known = self._measured(told, place)
            state = [known[name] for name in contract.state.components]
            message[contract.state.key] = np.array(state, dtype=np.float32)
        if contract.session:
            message |= {
                TASK: told.task_id,
                LANGUAGE: told.instructions[place].language,
                STEP: int(told.step[place]),
                TIME: float(seen.time_s[place]),
                OWN_SEED: int(told.own_seed[place]),
            }
        return message

    def blank(self, task_id: str, image_size: int) -> Message:
        """A message that is right in form and shows nothing, to try a policy with."""
        contract = self.contract
        message: Message = {contract.prompt: ""}
        for camera in contract.cameras:
            size = camera.size or image_size
            message[camera.key] = np.zeros((size, size, 3), dtype=np.uint8)
        if contract.state is not None:
            width = len(contract.state.components)
            message[contract.state.key] = np.zeros(width, dtype=np.float32)
        if contract.session:
            message |= {TASK: task_id, LANGUAGE: "en", STEP: 0, TIME: 0.0, OWN_SEED: 0}
        return message

    def chunk(self, answer: object, tool: Floats | None) -> NDArray[np.float32]:
        """The normalised actions (K, n_act) that an answer means.

        Args:
            answer: What came back.
            tool: The tool's pose (7,) when it was asked for.

        Raises:
            BadMessage: If it is not what the contract says; the error has both sides.
        """
        chunk_KA = self._answered(answer)
        if self.contract.actions.motion == "native":
            return chunk_KA.astype(np.float32)
        terms, body = self.contract.actions, self.body
        linear_K3, angular_K3 = self._twist(chunk_KA, _LOOKS_DOWN if tool is None else tool)
        closed, opened = terms.gripper_closed, terms.gripper_open
        grip_K = 2.0 * (chunk_KA[:, 6] - closed) / (opened - closed) - 1.0
        scale = body.action_scale
        return np.column_stack(
            [linear_K3 / scale[:3], angular_K3 / scale[3:6], grip_K / scale[6]]
        ).astype(np.float32)

    def answer(self, chunk: NDArray[np.float32], tool: Floats | None) -> Message:
        """The answer that stands for normalised actions (K, n_act); `chunk` reads it back."""
        terms = self.contract.actions
        out = np.asarray(chunk, dtype=np.float64)
        if terms.motion != "native":
            si_KA = out * self.body.action_scale
            closed, opened = terms.gripper_closed, terms.gripper_open
            grip_K = closed + 0.5 * (si_KA[:, 6] + 1.0) * (opened - closed)
            motion = self._untwist(si_KA[:, :6], _LOOKS_DOWN if tool is None else tool)
            out = np.column_stack([motion, grip_K])
        dtype = "float32" if terms.dtype == "float" else terms.dtype
        return {terms.key: out.astype(dtype)}

    def _measured(self, told: PolicyInput, place: int) -> Mapping[str, float]:
        """All that a state may be made of."""
        seen, body = told.observation, self.body
        known = dict(zip(body.proprio_names, seen.proprio[place].tolist(), strict=True))
        if seen.joints is None or seen.tool is None:
            return known
        joints = (g.name for g in body.motion if not g.name.startswith("tcp_"))
        known |= dict(zip(joints, seen.joints[place].tolist(), strict=True))
        turn = rotation_vector(seen.tool[place, 3:].astype(np.float64)[None])[0]
        finger = 0.5 * known.get("gripper_width", 0.0)
        values = [*seen.tool[place].tolist(), *turn.tolist(), finger, -finger]
        return known | dict(zip(TOOL_NAMES, values, strict=True))

    def _answered(self, answer: object) -> Floats:
        """The chunk of an answer as it came, checked against the contract."""
        terms = self.contract.actions
        if not isinstance(answer, Mapping) or terms.key not in answer:
            held = ", ".join(map(str, answer)) if isinstance(answer, Mapping) else type(answer)
            raise BadMessage(f"the contract says {terms.key!r}; the answer holds {held}")
        chunk = answer[terms.key]
        kind = getattr(chunk, "dtype", type(chunk).__name__)
        is_array = isinstance(chunk, np.ndarray) and np.issubdtype(chunk.dtype, np.floating)
        if not is_array or terms.dtype not in ("float", str(kind)):
            raise BadMessage(f"{terms.key}: {terms.dtype} in the contract, {kind} came")
        long = terms.steps or "k"
        fits = chunk.ndim == 2 and chunk.shape[1] == self._width and len(chunk) >= 1
        if not fits or (terms.steps and len(chunk) != terms.steps) or len(chunk) < terms.run:
            raise BadMessage(
                f"{terms.key}: the shape ({long}, {self._width}) in the contract, {chunk.shape} "
                "came" + (f"; {terms.run} steps of it are run" if terms.run else "")
            )
        if not np.isfinite(chunk).all():
            raise BadMessage(f"{terms.key}: {chunk[~np.isfinite(chunk)][0]} came")
        return np.asarray(chunk, dtype=np.float64)

    def _twist(self, chunk_KA: Floats, tool: Floats) -> tuple[Floats, Floats]:
        """Velocities (K, 3) in the world [m/s], [rad/s] that actions of the contract mean."""
        terms, dt = self.contract.actions, self.body.control_dt_s
        linear, angular = chunk_KA[:, :3] * terms.linear, chunk_KA[:, 3:6] * terms.angular
        if terms.motion == "pose":
            turns = Rotation.concatenate([_rotation(tool), Rotation.from_rotvec(angular)])
            places = np.concatenate([tool[None, :3], linear])
            steps = (turns[1:] * turns[:-1].inv()).as_rotvec()
            return np.diff(places, axis=0) / dt, steps / dt
        per_s = 1.0 / dt if terms.motion == "delta" else 1.0
        linear, angular = linear * per_s, angular * per_s
        if terms.frame == "tool":
            turn = _rotation(tool)
            for k in range(len(linear)):
                linear[k], angular[k] = turn.apply(linear[k]), turn.apply(angular[k])
                turn = Rotation.from_rotvec(angular[k] * dt) * turn
        return linear, angular

    def _untwist(self, twist_K6: Floats, tool: Floats) -> Floats:
        """Actions (K, 6) of the contract that mean velocities in the world; undoes `_twist`."""
        terms, dt = self.contract.actions, self.body.control_dt_s
        linear, angular = twist_K6[:, :3].copy(), twist_K6[:, 3:].copy()
        if terms.motion == "pose":
            turn, turns = _rotation(tool), []
            for rate in angular:
                turn = Rotation.from_rotvec(rate * dt) * turn
                turns.append(turn.as_rotvec())
            places = tool[:3] + np.cumsum(linear * dt, axis=0)
            return np.column_stack([places / terms.linear, np.array(turns) / terms.angular])
        if terms.frame == "tool":
            turn = _rotation(tool)
            for k in range(len(linear)):
                after = Rotation.from_rotvec(angular[k] * dt) * turn
                linear[k], angular[k] = turn.inv().apply(linear[k]), turn.inv().apply(angular[k])
                turn = after
        per_step = dt if terms.motion == "delta" else 1.0
        return np.column_stack(
            [linear * per_step / terms.linear, angular * per_step / terms.angular]
        )


def meaning(contract: Contract, body: Embodiment) -> list[str]:
    """What a contract's actions are, in sentences for people."""
    terms = contract.actions
    if terms.motion == "native":
        groups = [
            f"{group.name} ({group.size}): 1 is {group.scale:g} {group.unit}"
            for group in body.action
            if group.name != "gripper"
        ]
        return [*groups, *(["gripper (1): +1 open, -1 closed"] if has_posture(body) else [])]
    unit = {"velocity": ("m/s", "rad/s"), "delta": ("m", "rad"), "pose": ("m", "rad")}[terms.motion]
    return [
        f"{terms.motion} of the tool in the {terms.frame}'s axes: 1 is {terms.linear:g} {unit[0]} "
        f"and {terms.angular:g} {unit[1]}",
        f"gripper: {terms.gripper_open:+g} open, {terms.gripper_closed:+g} closed",
        f"{terms.rate_hz:g} actions a second, in the order {', '.join(action_names(body))}",
    ]


def _rotation(tool: Floats) -> Rotation:
    return Rotation.from_quat(np.roll(tool[3:], -1))
