"""Policies by name, by folder or by place, for whoever runs episodes."""

import inspect
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from vla_sim.agents.aligned import AlignedPolicy
from vla_sim.agents.controls import POLICIES
from vla_sim.agents.verified import VerifiedPolicy
from vla_sim.disk.written import when_written
from vla_sim.envs.crank import Crank, CrankConfig
from vla_sim.errors import BadConfig, DamagedFile, UnknownName
from vla_sim.foreign import is_foreign, load_foreign
from vla_sim.loop.choice import LEROBOT, RETRIEVAL, Choice, is_remote
from vla_sim.loop.policy_args import needed, typed_arguments
from vla_sim.loop.run_folder import BEGUN, BEST, RunFolder
from vla_sim.protocols.chunk_model import ChunkModel
from vla_sim.protocols.policy import Policy
from vla_sim.protocols.task import Task
from vla_sim.protocols.teacher import Actor, role_of

if TYPE_CHECKING:
    from vla_sim.loop.learned import LearnedModel

_NOT, _KNOWN = (
    "policy, and no folder,",
    (
        *POLICIES,
        f"{RETRIEVAL}path/to/run",
        "module:name",
        "path/to/file.py:name",
        "path/to/sb3.zip",
        "ws://host:port",
        f"{LEROBOT}path/to/policy",
    ),
)


def check_policy(name: str) -> None:
    """Let pass what may be a policy, before anything is made; no model is loaded.

    Raises:
        UnknownName: If it is no name in the table, no folder and no "module:name".
        BadConfig: If a retrieval policy is named whose run keeps no chunks.
    """
    if name in ("", RETRIEVAL, LEROBOT):  # as a path, "" would be the folder that one is in
        raise UnknownName(_NOT, name, _KNOWN)
    if name.startswith(RETRIEVAL):
        folder = Path(name.removeprefix(RETRIEVAL))
        if not folder.is_dir():
            raise UnknownName(_NOT, name, _KNOWN)
        # Here, so that experts and controls are checked without torch.
        from vla_sim.loop.retrieving import check_index

        check_index(folder)
    elif name.startswith(LEROBOT):
        if not Path(name.removeprefix(LEROBOT)).is_dir():
            raise UnknownName(_NOT, name, _KNOWN)
    elif name.endswith(".zip"):
        if not Path(name).is_file():
            raise UnknownName("file of a policy,", name, _KNOWN)
    elif is_remote(name):
        return  # whether anybody answers is seen when it is asked
    elif name not in POLICIES and not is_foreign(name) and not Path(name).is_dir():
        raise UnknownName(_NOT, name, _KNOWN)


def policy_of(chosen: str | Choice, crank: Crank) -> Actor:
    """What a name stands for on the task of a crank, and where pictures are of its size.

    Beside what `policy_for` takes, a policy whose shapes have to fit those of the crank: "ws://"
    and the address of a server, "lerobot:" and the folder of a policy of LeRobot's, the zip of a
    stable-baselines3 algorithm, or, with a contract, an object with `infer` of the user's own.

    Raises:
        UnknownName: If it is none of these.
        BadConfig: If what lies there cannot be loaded, is no policy, or does not fit.
        DamagedFile: If files are damaged or foreign.
        PolicyUnreachable: If a server is not there.
        BadMessage: If it answers what its contract does not say.
    """
    choice = chosen if isinstance(chosen, Choice) else Choice(name=chosen)
    if choice.fits_itself:
        # Here, because most evaluations do without the libraries that these need.
        from vla_sim.loop.fitted import fitted_policy

        return fitted_policy(choice, crank)
    return policy_for(choice, crank.task_id, crank.task)


def policy_for(choice: Choice, task_id: str, task: Task) -> Actor:
    """What a name stands for on a task.

    Args:
        choice: With the switches of an aligned policy, its name: "expert", "zero", "random"; the
            folder of a checkpoint, of an alignment run (its best checkpoint is meant) or of an RL
            policy; "retrieval:" and the folder of an
            alignment run, whose stored chunks then act; or where a policy of the user's own
            lies, "module:name" or "path/to/file.py:name". That is a policy, or what makes one: a
            class or a function, called with the task's id if it takes an argument that has no
            default, otherwise with none.
        task_id: The task.
        task: The same.

    Raises:
        UnknownName: If it is none of these.
        BadConfig: If what lies there cannot be loaded, or is no policy and makes none.
        DamagedFile: If the folder's files are damaged or foreign.
    """
    name = choice.name
    if name in POLICIES:
        return POLICIES[name](task_id, task)
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
        return _brought(choice, task_id)
    raise UnknownName(_NOT, name, _KNOWN)


def check_pictures(choice: Choice, config: CrankConfig) -> None:
    """Let pass an aligned model that is given pictures of the size that it was trained on.

    Raises:
        BadConfig: If they have another.
        DamagedFile: If the model's files are damaged or foreign.
    """
    folder = Path(choice.name.removeprefix(RETRIEVAL))
    if choice.name in POLICIES or choice.is_outside or not folder.is_dir():
        return
    if (folder / "finetune.json").is_file():
        return  # its encoder says at its first picture which size it knows
    known = learned(best_checkpoint(folder)).image_px
    if known not in (0, config.image_size):
        raise BadConfig(
            f"{folder} was trained on pictures of {known} px, and here they have "
            f"{config.image_size}: --crank.image-size {known}"
        )


def learned(checkpoint: Path) -> "LearnedModel":
    """The model of a checkpoint, loaded once and again when another is written there.

    Raises:
        DamagedFile: If its files are damaged or foreign.
    """
    return _loaded(str(checkpoint), _written(checkpoint))


@lru_cache(maxsize=2)
def _loaded(folder: str, written: tuple[int, ...]) -> "LearnedModel":
    del written  # another training may have put another model into the same folder
    # Here, so that experts and controls run without torch.
    from vla_sim.loop.learned import LearnedModel

    return LearnedModel.load(Path(folder))


def _retrieving(run: Path, ensemble: float) -> Policy:
    # Here, so that experts and controls run without torch.
    from vla_sim.loop.retrieving import memory_of

    checkpoint = best_checkpoint(run)
    written = _written(checkpoint), when_written(memory_of(run))
    model = _retrieval(str(run), str(checkpoint), written)
    return AlignedPolicy(model, ensemble=ensemble)


@lru_cache(maxsize=2)
def _retrieval(run: str, checkpoint: str, written: tuple[tuple[int, ...], ...]) -> ChunkModel:
    del written  # a training that went on keeps other chunks beside the same best model
    from vla_sim.loop.retrieving import RetrievalModel

    return RetrievalModel.of(learned(Path(checkpoint)), Path(run))


def _written(checkpoint: Path) -> tuple[int, ...]:
    """What changes when a checkpoint is replaced; nothing where there is none."""
    try:
        return when_written(checkpoint / "checkpoint.json")
    except DamagedFile:
        return ()  # loading says what is wrong


def _brought(choice: Choice, task_id: str) -> Actor:
    found, is_maker = brought(choice, task_id)
    try:
        role_of(found)
    except BadConfig as error:
        what = "what it made" if is_maker else "what lies there"
        raise BadConfig(f"{choice.name!r} names no policy: {what}: {error}") from error
    actor: Actor = found
    return actor


def brought(choice: Choice, task_id: str) -> tuple[Any, bool]:
    """What lies at a place of the user's own, or what it makes there, and whether it made it.

    Raises:
        BadConfig: If it cannot be loaded, or the arguments do not fit.
        UnknownName: If there is no such name, or no such argument.
    """
    found: Any = load_foreign(choice.name, "policy")
    if not (isinstance(found, type) or inspect.isroutine(found)):
        if choice.args:
            raise BadConfig(
                f"policy_arg is for what makes a policy; {choice.name!r} is one already"
            )
        return found, False
    given = typed_arguments(found, choice.args, what=choice.name)
    takes_task = any(name not in given for name in needed(found))
    return _made(found, *([task_id] if takes_task else []), **given), True


@lru_cache(maxsize=2)
def _made(make: Callable[..., object], *task_id: str, **given: object) -> object:
    return make(*task_id, **given)


def best_checkpoint(folder: Path) -> Path:
    """The checkpoint in a folder: itself, or the best of a run.

    Raises:
        BadConfig: If it is a run that was not evaluated yet.
    """
    if (folder / BEST).is_file():
        return folder / str(RunFolder.open(folder).read_json(BEST)["checkpoint"])
    if (folder / BEGUN).is_file() and RunFolder.open(folder).verb == "align":
        raise BadConfig(
            f"{folder} was not evaluated yet, so that no model of it is the best: let its training "
            f"reach an evaluation, `vla-sim align --out {folder} --resume`"
        )
    return folder
