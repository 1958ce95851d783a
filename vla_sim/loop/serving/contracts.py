"""Contracts by name or file, and what stands against them on a task."""

import json
import tomllib
from collections.abc import Mapping
from dataclasses import MISSING, fields, is_dataclass
from pathlib import Path
from typing import Any, get_args, get_origin, get_type_hints

from vla_sim.envs.crank import Crank
from vla_sim.envs.sensing.posture import has_posture
from vla_sim.errors import BadConfig, UnknownName, VlaSimError
from vla_sim.records.contract import ActionTerms, CameraTerms, Contract, StateTerms
from vla_sim.records.embodiment import Embodiment

NATIVE = "native"
LIBERO = Contract(
    name="libero",
    cameras=(
        CameraTerms(key="observation/image", size=224, half_turn=True),
        CameraTerms(key="observation/wrist_image", camera="wrist", size=224, half_turn=True),
    ),
    state=StateTerms(
        components=(
            "tool_x",
            "tool_y",
            "tool_z",
            "tool_turn_x",
            "tool_turn_y",
            "tool_turn_z",
            "finger_left",
            "finger_right",
        )
    ),
    actions=ActionTerms(
        motion="delta",
        components=("x", "y", "z", "turn_x", "turn_y", "turn_z", "gripper"),
        linear=0.05,
        angular=0.5,
        gripper_open=-1.0,
        gripper_closed=1.0,
        rate_hz=20.0,
    ),
)
"""openpi's LIBERO policies: robosuite's OSC_POSE, whose 1 is 0.05 m and 0.5 rad a control step of
20 Hz about the world's axes, and whose gripper closes at +1. Our tool reaches what is commanded
within a step or two; robosuite's, an impedance controller, falls short of it.

Source: robosuite, controllers/config/osc_pose.json; openpi, examples/libero/main.py."""


def native(body: Embodiment) -> Contract:
    """This package's own: what a policy in this process is given, and returns, of a robot."""
    return Contract(
        name=NATIVE,
        cameras=(CameraTerms(key="observation/image"),),
        state=StateTerms(components=tuple(n for n in state_names(body) if n not in _DERIVED)),
        actions=ActionTerms(components=action_names(body), rate_hz=rate_hz(body), dtype="float32"),
        session=True,
    )


def contract_of(name: str, body: Embodiment) -> Contract:
    """The contract called `name`, or that of a file, for a robot.

    Args:
        name: "native", "libero", or a .toml or .json file.
        body: The robot that acts.

    Raises:
        UnknownName: If it is neither name nor file, or a file holds a term that there is not.
        BadConfig: If a file cannot be read, or lacks or garbles a term.
    """
    if name == NATIVE:
        return native(body)
    if name == LIBERO.name:
        return LIBERO
    if Path(name).suffix in (".toml", ".json"):
        return read_contract(Path(name))
    raise UnknownName("contract", name, (NATIVE, LIBERO.name, "path/to/file.toml"))


def check_contract_name(name: str) -> None:
    """Let pass the name of a contract, or a file that holds one, before anything is made.

    Raises:
        UnknownName: If it is neither.
        BadConfig: If the file is none.
    """
    if name in ("", NATIVE, LIBERO.name):
        return
    if Path(name).suffix not in (".toml", ".json"):
        raise UnknownName("contract", name, (NATIVE, LIBERO.name, "path/to/file.toml"))
    read_contract(Path(name))


def read_contract(path: Path) -> Contract:
    """A contract from a file of the user's own.

    Raises:
        BadConfig: If it cannot be read, or lacks or garbles a term.
        UnknownName: If it holds a term that there is not.
    """
    try:
        text = path.read_text(encoding="utf-8")
        values = tomllib.loads(text) if path.suffix == ".toml" else json.loads(text)
    except (OSError, ValueError) as error:
        raise BadConfig(f"the contract {path} cannot be read: {error}") from error
    if not isinstance(values, dict):
        raise BadConfig(f"the contract {path} holds a {type(values).__name__}: write terms by name")
    return of_plain({"name": path.stem, **values}, where=str(path))


def of_plain(values: object, *, where: str) -> Contract:
    """A contract from what JSON, TOML or msgpack hold; terms with a default may be missing.

    Raises:
        BadConfig: If a term is missing or of another type.
        UnknownName: If there is no such term.
    """
    contract: Contract = _read(Contract, values, where)
    return contract


def mismatches(contract: Contract, crank: Crank) -> list[str]:
    """What a contract says that a crank and its task do not do, a line each with both sides."""
    body, size = crank.embodiment, crank.config.image_size
    terms, told = contract.actions, []
    for camera in contract.cameras:
        if camera.size and camera.size != size:
            told.append(
                f"{camera.key}: {camera.size} x {camera.size} px in the contract, {size} x {size} "
                f"drawn here (--crank.image-size {camera.size})"
            )
        if camera.camera == "wrist" and not has_posture(body):
            told.append(f"{camera.key}: a wrist camera in the contract, {body.name} has no wrist")
    known = state_names(body)
    if contract.state is not None:
        missing = [name for name in contract.state.components if name not in known]
        if missing:
            told.append(
                f"{contract.state.key}: {', '.join(missing)} in the contract; {body.name} has "
                f"{', '.join(known)}"
            )
    if terms.rate_hz != rate_hz(body):
        told.append(
            f"{terms.key}: {terms.rate_hz:g} actions a second in the contract, {rate_hz(body):g} "
            f"control steps a second of {body.name}"
        )
    if terms.motion == "native":
        if terms.components and terms.components != action_names(body):
            told.append(
                f"{terms.key}: {', '.join(terms.components)} in the contract, "
                f"{', '.join(action_names(body))} of {body.name}"
            )
    elif not has_posture(body):
        told.append(
            f"{terms.key}: a tool's {terms.motion} in the contract, {', '.join(action_names(body))}"
            f" of {body.name}"
        )
    elif terms.components and len(terms.components) != body.n_act:
        told.append(
            f"{terms.key}: {len(terms.components)} components in the contract, {body.n_act} of "
            f"{body.name}"
        )
    return told


def check_contract(contract: Contract, crank: Crank) -> None:
    """Let pass a contract that a task can keep.

    Raises:
        BadConfig: If it cannot; every line has both sides.
    """
    if told := mismatches(contract, crank):
        raise BadConfig(
            f"the contract {contract.name!r} does not fit {crank.task_id}:\n  " + "\n  ".join(told)
        )


def rate_hz(body: Embodiment) -> float:
    """Control steps a second."""
    return round(1.0 / body.control_dt_s, 6)


def action_names(body: Embodiment) -> tuple[str, ...]:
    """A name for each action component."""
    return tuple(
        group.name if group.size == 1 else f"{group.name}_{'xyz'[k]}"
        for group in body.action
        for k in range(group.size)
    )


def state_names(body: Embodiment) -> tuple[str, ...]:
    """The components that a state may be made of on a robot."""
    if not has_posture(body):
        return body.proprio_names
    joints = tuple(g.name for g in body.motion if not g.name.startswith("tcp_"))
    return (*body.proprio_names, *joints, *TOOL_NAMES)


TOOL_NAMES = (
    *("tool_x", "tool_y", "tool_z"),
    *("tool_qw", "tool_qx", "tool_qy", "tool_qz"),
    *("tool_turn_x", "tool_turn_y", "tool_turn_z"),
    *("finger_left", "finger_right"),
)
"""Of an arm's tool: where its point is [m], its orientation as quaternion and as rotation vector
[rad], and the positions of the two fingers [m], the right one's counted negative as LIBERO's."""
_DERIVED = TOOL_NAMES[7:]
"""What the others tell already."""


def _read(hint: Any, value: object, where: str) -> Any:
    """A value of the type `hint`, with the defaults for what is missing."""
    if is_dataclass(hint):
        if not isinstance(value, Mapping):
            raise BadConfig(f"{where} is {value!r}, no group of terms")
        hints = get_type_hints(hint)
        for key in value:
            if key not in hints:
                raise UnknownName(f"term in {where}", str(key), hints)
        needed = [f.name for f in fields(hint) if f.default is MISSING]
        if lacking := [name for name in needed if name not in value]:
            raise BadConfig(f"{where} lacks {', '.join(lacking)}")
        read = {key: _read(hints[key], item, f"{where}: {key}") for key, item in value.items()}
        try:
            return hint(**read)  # type: ignore[operator]  # a class, never an instance
        except VlaSimError as error:
            raise BadConfig(f"{where}: {error}") from error
    if get_origin(hint) is tuple:
        if not isinstance(value, list | tuple):
            raise BadConfig(f"{where} is {value!r}, no list")
        return tuple(_read(get_args(hint)[0], item, where) for item in value)
    if type(None) in get_args(hint):
        return None if value is None else _read(get_args(hint)[0], value, where)
    wanted = str if get_origin(hint) is not None else hint  # the words of a Literal
    if wanted is float and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    if type(value) is not wanted:
        raise BadConfig(f"{where} is {value!r}, no {wanted.__name__}")
    return value
