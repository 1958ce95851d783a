"""Policies by name or by folder, for whoever runs episodes."""

from functools import lru_cache
from pathlib import Path

from vla_sim.agents.aligned import AlignedPolicy
from vla_sim.agents.controls import POLICIES
from vla_sim.envs.crank import Crank
from vla_sim.errors import UnknownName
from vla_sim.foreign import is_foreign
from vla_sim.loop.run_folder import BEST, RunFolder
from vla_sim.protocols.policy import Policy
from vla_sim.protocols.teacher import Actor


def check_policy(name: str) -> None:
    """Let pass what may be a policy, before anything is made; nothing is loaded.

    Raises:
        UnknownName: If it is no name in the table, no folder and no "module:name".
    """
    if name not in POLICIES and not is_foreign(name) and not Path(name).is_dir():
        raise UnknownName("policy, and no folder,", name, POLICIES)


def policy_of(name: str, crank: Crank) -> Actor:
    """What `name` stands for on the task of a crank.

    Args:
        name: "expert", "zero", "random"; or the folder of a checkpoint, of an alignment run (its
            best checkpoint is meant) or of an RL policy.
        crank: Says which task, and how large pictures are.

    Raises:
        UnknownName: If it is none of these.
        DamagedFile: If the folder's files are damaged or foreign.
    """
    if name in POLICIES:
        return POLICIES[name](crank.task_id, crank.task)
    folder = Path(name)
    if not folder.is_dir():
        raise UnknownName("policy, and no folder,", name, POLICIES)
    if (folder / "finetune.json").is_file():
        # Here, because stable-baselines3 is heavy and most evaluations do without it.
        from vla_sim.loop.rl.rl_policy import load_rl_policy

        return load_rl_policy(folder)
    checkpoint = best_checkpoint(folder)
    return _aligned(str(checkpoint), _written(checkpoint))


@lru_cache(maxsize=2)
def _aligned(folder: str, written: tuple[int, int]) -> Policy:
    del written  # another training may have put another model into the same folder
    # Here, so that experts and controls run without torch.
    from vla_sim.loop.learned import LearnedModel

    return AlignedPolicy(LearnedModel.load(Path(folder)))


def _written(checkpoint: Path) -> tuple[int, int]:
    """What changes when a checkpoint is replaced; zeros where there is none."""
    try:
        found = (checkpoint / "checkpoint.json").stat()
    except OSError:
        return 0, 0  # loading says what is wrong
    return found.st_mtime_ns, found.st_ino


def best_checkpoint(folder: Path) -> Path:
    """The checkpoint in a folder: itself, or the best of a run."""
    if (folder / BEST).is_file():
        return folder / str(RunFolder.open(folder).read_json(BEST)["checkpoint"])
    return folder
