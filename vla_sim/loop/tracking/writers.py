"""Writers: a tracker each, by the calls of its own package, which it loads when it is made."""

from collections.abc import Callable, Mapping
from importlib import import_module
from pathlib import Path
from typing import Any

from vla_sim.loop.tracking.tracker import Tracker

TENSORBOARD = "tensorboard"
"""Folder of TensorBoard's files inside a run's."""


class TensorboardWriter:
    """Event files in the run's folder: `tensorboard --logdir runs` shows them."""

    def __init__(self, folder: Path, project: str) -> None:
        from torch.utils.tensorboard import SummaryWriter

        # torch types nothing of it.
        made: Callable[..., Any] = SummaryWriter
        self._writer = made(log_dir=str(folder / TENSORBOARD))

    def log(self, numbers: Mapping[str, float], step: int) -> None:
        """Write scalars."""
        for name, value in numbers.items():
            self._writer.add_scalar(name, value, step)

    def close(self) -> None:
        """Flush and close."""
        self._writer.close()


class RunWriter:
    """A run of wandb, or of trackio, which takes the same calls."""

    def __init__(self, module: str, folder: Path, project: str) -> None:
        self._module = import_module(module)
        self._module.init(project=project, name=folder.name)

    def log(self, numbers: Mapping[str, float], step: int) -> None:
        """Send a row."""
        self._module.log(dict(numbers), step=step)

    def close(self) -> None:
        """Say that the run ended."""
        self._module.finish()


def wandb(folder: Path, project: str) -> RunWriter:
    """A run on Weights & Biases, as its own settings say where and whether."""
    return RunWriter("wandb", folder, project)


def trackio(folder: Path, project: str) -> RunWriter:
    """A run in trackio's store on this machine."""
    return RunWriter("trackio", folder, project)


WRITERS: Mapping[str, Callable[[Path, str], Tracker]] = {
    "tensorboard": TensorboardWriter,
    "trackio": trackio,
    "wandb": wandb,
}
