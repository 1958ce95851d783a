"""Finetuning as a call from Python."""

from rich.console import Console

from vla_sim.loop.rl.finetune import Finetuned
from vla_sim.loop.rl.finetune import finetune as run_finetuning
from vla_sim.loop.rl.rl_run import FinetuneRun


def finetune(run: FinetuneRun, *, progress: bool = True) -> Finetuned:
    """Train a policy by PPO on an aligned encoder and measure it, as `vla-sim finetune` does.

    Args:
        run: What to train, for how long, and where to.
        progress: Show a bar.

    Raises:
        RunFolderError: If the folder cannot be written, or belongs to another run.
        DamagedFile: If the encoder, or the run to resume, is missing or damaged.
    """
    return run_finetuning(run, Console(quiet=not progress))
