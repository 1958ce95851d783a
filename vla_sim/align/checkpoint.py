"""Checkpoints: safetensors beside JSON, whole or absent, never pickled.

A checkpoint is a folder with `checkpoint.json`, which names the files of tensors and their hashes.
New files of tensors get new names and the JSON is replaced last, in one rename: a reader finds
the old checkpoint or the new one, at any moment and after any crash.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, TypeVar

from safetensors import SafetensorError
from safetensors.torch import load as load_tensors
from safetensors.torch import save as save_tensors
from torch import Tensor

from vla_sim.align.body import ActionLimit, Body, Steering
from vla_sim.align.encoders.action import ActionConfig
from vla_sim.align.encoders.table import TEXT_KINDS, VISION_KINDS, kind_of
from vla_sim.align.encoders.tokenizer import Tokenizer
from vla_sim.align.encoders.tower import Tower
from vla_sim.align.fusion.table import FUSIONS, fusion_name
from vla_sim.align.model import AlignModel, ModelConfig
from vla_sim.align.trainer_state import TrainerState
from vla_sim.disk import atomic
from vla_sim.errors import DamagedFile
from vla_sim.unsaid import completed

C = TypeVar("C")
FORMAT = "vla-sim checkpoint"
VERSION = 3
INDEX = "checkpoint.json"


@dataclass(frozen=True, kw_only=True)
class Checkpoint:
    """What a checkpoint holds.

    Attributes:
        model: The model, in evaluation mode.
        task_body: For each task index, the index of its body.
        own_tasks: Ids of the tasks of the user's own, which are the last of these.
        trainer: State of training, or None if only the model was saved.
        notes: What the caller wrote down beside it.
    """

    model: AlignModel
    task_body: tuple[int, ...]
    own_tasks: tuple[str, ...]
    trainer: TrainerState | None
    notes: Mapping[str, Any]


def save_checkpoint(
    folder: Path,
    model: AlignModel,
    *,
    task_body: Sequence[int],
    own_tasks: Sequence[str] = (),
    trainer: TrainerState | None = None,
    notes: Mapping[str, Any] | None = None,
) -> Path:
    """Write a checkpoint, in place of the one that the folder may hold.

    Args:
        folder: Where to; it is made if it is missing.
        model: The model.
        task_body: For each task index, the index of its body.
        own_tasks: Ids of the tasks of the user's own, which are the last of these.
        trainer: State of training, to resume from.
        notes: Anything that JSON can hold.

    Returns:
        The folder.

    Raises:
        RunFolderError: If the folder cannot be written.
    """
    stay = _stay(model)
    weights = {name: value for name, value in model.state_dict().items() if name not in stay}
    index: dict[str, Any] = {
        "format": FORMAT,
        "version": VERSION,
        "config": _config_to_json(model.config),
        "bodies": [asdict(body) for body in model.bodies],
        "task_body": list(task_body),
        # Named only where there are some.
        **({"own_tasks": list(own_tasks)} if own_tasks else {}),
        "vocabulary": list(model.tokenizer.words),
        "notes": dict(notes or {}),
    }
    index["bases"] = _bases(_towers(model))
    index["model"] = _write_tensors(folder, "model", weights)
    if trainer is not None:
        # The weights are in the model's file already.
        extra = {k: v for k, v in trainer.tensors.items() if not k.startswith("model.")}
        index["trainer"] = _write_tensors(folder, "trainer", extra)
        index["trainer_meta"] = dict(trainer.meta)
    atomic.write_text(folder / INDEX, json.dumps(index, ensure_ascii=False, indent=1))
    kept = {index[part]["file"] for part in ("model", "trainer") if part in index}
    for old in folder.glob("*.safetensors"):
        if old.name not in kept:
            old.unlink(missing_ok=True)
    return folder


def load_checkpoint(folder: Path, *, device: str = "cpu") -> Checkpoint:
    """Read a checkpoint and check every byte of its tensors.

    Raises:
        DamagedFile: If it is missing, cut short, altered, or of another kind or version.
    """
    index = _read_index(folder / INDEX)
    while True:
        try:
            return _read(folder, index, device)
        except DamagedFile:
            now = _read_index(folder / INDEX)
            if now == index:
                raise
            index = now  # it was saved anew meanwhile, and the former files of tensors are gone


def _read(folder: Path, index: Mapping[str, Any], device: str) -> Checkpoint:
    """The checkpoint that an index is of."""
    path = folder / INDEX
    try:
        config = _config_from_json(index["config"])
        bodies = [_body_from_json(body) for body in index["bodies"]]
        task_body = tuple(int(value) for value in index["task_body"])
        own_tasks = tuple(map(str, index.get("own_tasks", ())))
        tokenizer = Tokenizer(index["vocabulary"])
        parts = {p: dict(index[p]) for p in ("model", "trainer") if p in index}
        weights = _read_tensors(folder, parts["model"])
    except (KeyError, TypeError, AttributeError) as error:
        raise DamagedFile(f"{path} lacks or garbles {error}; use another checkpoint") from error
    model = config.build(bodies, tokenizer)
    _require_bases(path, index, _towers(model))
    own = model.state_dict()
    weights |= {name: own[name] for name in _stay(model)}
    try:
        model.load_state_dict(weights)
    except RuntimeError as error:
        raise DamagedFile(f"{path}: its weights do not fit its settings") from error
    trainer = None
    if "trainer" in parts:
        tensors = {f"model.{name}": value for name, value in weights.items()}
        tensors |= _read_tensors(folder, parts["trainer"])
        trainer = TrainerState(tensors=tensors, meta=index["trainer_meta"])
    return Checkpoint(
        model=model.to(device).eval(),
        task_body=task_body,
        own_tasks=own_tasks,
        trainer=trainer,
        notes=index.get("notes", {}),
    )


def vocabulary_of(folder: Path) -> Tokenizer:
    """The words that the model of a checkpoint reads.

    Raises:
        DamagedFile: If it is missing or damaged.
    """
    path = folder / INDEX
    try:
        return Tokenizer(_read_index(path)["vocabulary"])
    except (KeyError, TypeError) as error:
        raise DamagedFile(f"{path} lacks or garbles {error}; use another checkpoint") from error


def _bases(towers: Mapping[str, Tower]) -> dict[str, dict[str, str]]:
    """{tower: name and fingerprint of the base that it stands on}, of those that have one."""
    return {
        name: {"name": tower.foreign.name, "sha256": tower.foreign.sha256}
        for name, tower in towers.items()
        if tower.foreign is not None
    }


def require_bases(folder: Path, towers: Mapping[str, Tower]) -> None:
    """See that a checkpoint was made on the bases that towers stand on now.

    Raises:
        DamagedFile: If it is missing or damaged, or a base is another; it names both.
    """
    path = folder / INDEX
    _require_bases(path, _read_index(path), towers)


def _require_bases(path: Path, index: Mapping[str, Any], towers: Mapping[str, Tower]) -> None:
    held = index.get("bases", {})
    for tower, now in _bases(towers).items():
        then = held.get(tower, {"name": "no base", "sha256": ""})
        if then["sha256"] != now["sha256"]:
            raise DamagedFile(
                f"the {tower} tower of {path} was learnt on {then['name']!r} with the fingerprint "
                f"{then['sha256'][:12]}, and {now['name']!r} has the fingerprint "
                f"{now['sha256'][:12]} now: its weights are others; put the former back"
            )


def _towers(model: AlignModel) -> dict[str, Tower]:
    return {"vision": model.vision, "text": model.text}


def _stay(model: AlignModel) -> set[str]:
    """Names of the weights that stay where they came from."""
    return {
        f"{prefix}.{name}"
        for prefix, tower in _towers(model).items()
        for name in tower.state_dict()
        if not tower.on_disk(name)
    }


def _read_index(path: Path) -> dict[str, Any]:
    try:
        index = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise DamagedFile(
            f"{path.parent} holds no checkpoint: there is no {INDEX}; name the folder that"
            " training wrote"
        ) from error
    except (OSError, ValueError) as error:
        raise DamagedFile(f"{path} cannot be read as JSON; use another checkpoint") from error
    if not isinstance(index, dict) or index.get("format") != FORMAT:
        raise DamagedFile(f"{path} is not a {FORMAT}; name the folder that training wrote")
    if index.get("version") != VERSION:
        raise DamagedFile(
            f"{path} has version {index.get('version')!r} of the format, this vla-sim reads"
            f" {VERSION}; use the vla-sim that wrote it"
        )
    return index


def _write_tensors(folder: Path, part: str, tensors: Mapping[str, Tensor]) -> dict[str, str]:
    data = save_tensors(
        {name: value.detach().cpu().contiguous() for name, value in tensors.items()}
    )
    digest = hashlib.sha256(data).hexdigest()
    name = f"{part}-{digest[:16]}.safetensors"
    atomic.write_bytes(folder / name, data)
    return {"file": name, "sha256": digest}


def _read_tensors(folder: Path, entry: Mapping[str, str]) -> dict[str, Tensor]:
    path = folder / Path(entry["file"]).name
    try:
        data = path.read_bytes()
    except OSError as error:
        raise DamagedFile(f"{path} is missing or unreadable; use another checkpoint") from error
    if hashlib.sha256(data).hexdigest() != entry["sha256"]:
        raise DamagedFile(f"{path} is not what was saved: its hash differs; use another checkpoint")
    try:
        tensors: dict[str, Tensor] = load_tensors(data)
    except SafetensorError as error:
        raise DamagedFile(f"{path} is no safetensors file; use another checkpoint") from error
    return tensors


def _config_to_json(config: ModelConfig) -> dict[str, Any]:
    values = asdict(config)
    values["text"] = {"kind": kind_of(config.text), **values["text"]}
    values["vision"] = {"kind": kind_of(config.vision), **values["vision"]}
    values["fusion"] = {"kind": fusion_name(config.fusion), **values["fusion"]}
    return values


def _config_from_json(values: Mapping[str, Any]) -> ModelConfig:
    kinds = {kind: type(config) for kind, config in FUSIONS.items()}
    parts = {
        "vision": _part(VISION_KINDS, values["vision"]),
        "text": _part(TEXT_KINDS, values["text"]),
        "fusion": _part(kinds, values["fusion"]),
        "action": _config(ActionConfig, values["action"]),
    }
    return _config(ModelConfig, {**values, **parts})


def _part(kinds: Mapping[str, type[C]], values: Mapping[str, Any]) -> C:
    """A part that has alternatives."""
    rest = dict(values)
    return _config(kinds[str(rest.pop("kind"))], rest)


def _config(cls: type[C], said: Mapping[str, Any]) -> C:
    """A config; JSON knows no tuples."""
    values = {key: tuple(v) if isinstance(v, list) else v for key, v in said.items()}
    return cls(**completed(cls, values))


def _body_from_json(values: Mapping[str, Any]) -> Body:
    rest = dict(values)
    limits = tuple(ActionLimit(**limit) for limit in rest.pop("limits"))
    if rest["steering"] is not None:
        rest["steering"] = Steering(**rest["steering"])
    rest["ground"] = [tuple(point) for point in rest["ground"]]
    tuples = {key: tuple(value) for key, value in rest.items() if isinstance(value, list)}
    return Body(limits=limits, **(rest | tuples))
