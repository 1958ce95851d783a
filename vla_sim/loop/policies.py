"""Policies by name, by folder or by place, for whoever runs episodes."""

import inspect
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from vla_sim.agents.aligned import AlignedPolicy
from vla_sim.agents.controls import POLICIES
from vla_sim.agents.verified import VerifiedPolicy
from vla_sim.envs.crank import Crank
from vla_sim.errors import BadConfig, UnknownName
from vla_sim.foreign import is_foreign, load_foreign
from vla_sim.loop.choice import RETRIEVAL, Choice
from vla_sim.loop.run_folder import BEST, RunFolder
from vla_sim.protocols.chunk_model import ChunkModel
from vla_sim.protocols.policy import Policy
from vla_sim.protocols.teacher import Actor, role_of

if TYPE_CHECKING:
    from vla_sim.loop.learned import LearnedModel

_NOT, _KNOWN = (
    "policy, and no folder,",
    (*POLICIES, f"{RETRIEVAL}path/to/run", "module:name", "path/to/file.py:name"),
)


def check_policy(name: str) -> None:
    """Let pass what may be a policy, before anything is made; no model is loaded.

    Raises:
        UnknownName: If it is no name in the table, no folder and no "module:name".
        BadConfig: If a retrieval policy is named whose run keeps no chunks.
    """
    if name.startswith(RETRIEVAL):
        folder = Path(name.removeprefix(RETRIEVAL))
        if not folder.is_dir():
            raise UnknownName(_NOT, name, _KNOWN)
        # Here, so that experts and controls are checked without torch.
        from vla_sim.loop.retrieving import check_index

        check_index(folder)
    elif name not in POLICIES and not is_foreign(name) and not Path(name).is_dir():
        raise UnknownName(_NOT, name, _KNOWN)


def policy_of(chosen: str | Choice, crank: Crank) -> Actor:
    """What a name stands for on the task of a crank.

    Args:
        chosen: "expert", "zero", "random"; the folder of a checkpoint, of an alignment run (its
            best checkpoint is meant) or of an RL policy; "retrieval:" and the folder of an
            alignment run, whose stored chunks then act; or where a policy of the user's own
            lies, "module:name" or "path/to/file.py:name". That is a policy, or what makes one: a
            class or a function, called with the task's id if it takes an argument that has no
            default, otherwise with none. With the switches of an aligned policy, a `Choice`.
        crank: Says which task, and how large pictures are.

    Raises:
        UnknownName: If it is none of these.
        BadConfig: If what lies there cannot be loaded, or is no policy and makes none.
        DamagedFile: If the folder's files are damaged or foreign.
    """
    choice = chosen if isinstance(chosen, Choice) else Choice(name=chosen)
    name = choice.name
    if name in POLICIES:
        return POLICIES[name](crank.task_id, crank.task)
    if name.startswith(RETRIEVAL):
        return _retrieving(Path(name.removeprefix(RETRIEVAL)), choice.ensemble)
    folder = Path(name)
    if folder.is_dir():
        if (folder / "finetune.json").is_file():
            # Here, because stable-baselines3 is heavy and most evaluations do without it.
            from vla_sim.loop.rl.rl_policy import load_rl_policy

            return load_rl_policy(folder)
        model = learned(best_checkpoint(folder))
        if not choice.proposes:
            return AlignedPolicy(model, ensemble=choice.ensemble)
        return VerifiedPolicy(
            model,
            proposals=choice.proposals,
            guidance=choice.guidance,
            ensemble=choice.ensemble,
        )
    if is_foreign(name):
        return _brought(name, crank.task_id)
    raise UnknownName(_NOT, name, _KNOWN)


def learned(checkpoint: Path) -> "LearnedModel":
    """The model of a checkpoint, loaded once and again when another is written there.

    Raises:
        DamagedFile: If its files are damaged or foreign.
    """
    return _loaded(str(checkpoint), _written(checkpoint))


@lru_cache(maxsize=2)
def _loaded(folder: str, written: tuple[int, int]) -> "LearnedModel":
    del written  # another training may have put another model into the same folder
    # Here, so that experts and controls run without torch.
    from vla_sim.loop.learned import LearnedModel

    return LearnedModel.load(Path(folder))


def _retrieving(run: Path, ensemble: float) -> Policy:
    checkpoint = best_checkpoint(run)
    model = _retrieval(str(run), str(checkpoint), _written(checkpoint))
    return AlignedPolicy(model, ensemble=ensemble)


@lru_cache(maxsize=2)
def _retrieval(run: str, checkpoint: str, written: tuple[int, int]) -> ChunkModel:
    del written
    from vla_sim.loop.retrieving import RetrievalModel

    return RetrievalModel.of(learned(Path(checkpoint)), Path(run))


def _written(checkpoint: Path) -> tuple[int, int]:
    """What changes when a checkpoint is replaced; zeros where there is none."""
    try:
        found = (checkpoint / "checkpoint.json").stat()
    except OSError:
        return 0, 0  # loading says what is wrong
    return found.st_mtime_ns, found.st_ino


def _brought(name: str, task_id: str) -> Actor:
    found: Any = load_foreign(name, "policy")
    is_maker = isinstance(found, type) or inspect.isroutine(found)
    if is_maker:
        found = _made(found, *([task_id] if _takes_one(found) else []))
    try:
        role_of(found)
    except BadConfig as error:
        what = "what it made" if is_maker else "what lies there"
        raise BadConfig(f"{name!r} names no policy: {what}: {error}") from error
    actor: Actor = found
    return actor


@lru_cache(maxsize=2)
def _made(make: Callable[..., object], *task_id: str) -> object:
    return make(*task_id)


def _takes_one(make: Callable[..., object]) -> bool:
    positional = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    return any(
        p.kind in positional and p.default is p.empty
        for p in inspect.signature(make).parameters.values()
    )


def best_checkpoint(folder: Path) -> Path:
    """The checkpoint in a folder: itself, or the best of a run."""
    if (folder / BEST).is_file():
        return folder / str(RunFolder.open(folder).read_json(BEST)["checkpoint"])
    return folder
