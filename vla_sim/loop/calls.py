"""The long runs as calls from Python: a run's settings in, what came of it out, silent if asked."""

from collections.abc import Mapping

from rich.console import Console

from vla_sim.loop.aligning.align_run import AlignRun
from vla_sim.loop.aligning.closed_loop import align
from vla_sim.loop.aligning.monitor import Monitor, OnUpdate
from vla_sim.loop.collecting.collect import CollectRun, Tally
from vla_sim.loop.collecting.collect import collect as run_collection
from vla_sim.loop.run_folder import RunFolder


def collect(run: CollectRun, *, progress: bool = True) -> Mapping[str, Tally]:
    """Let a policy act and write datasets, as `vla-sim collect` does.

    Args:
        run: What to collect, and where to.
        progress: Show a bar.

    Returns:
        What came in, by task id.

    Raises:
        RunFolderError: If the folder cannot be written, or holds something else.
    """
    return run_collection(run, Console(quiet=not progress))


def train(run: AlignRun, *, progress: bool = True, on_update: OnUpdate | None = None) -> RunFolder:
    """Align the encoders and the decoder in the closed loop, as `vla-sim align` does.

    Args:
        run: What to train, for how long, and where to.
        progress: Show a bar and a line per evaluation.
        on_update: Called after every update with its number and its losses, for loggers.

    Returns:
        The run folder; `evaluate(str(folder.path), ...)` measures the model that was kept.

    Raises:
        RunFolderError: If the folder cannot be written, or holds something else.
        LossNotFinite: If a loss is no number; the run can be resumed from its last evaluation.
    """
    with Monitor(Console(quiet=not progress), on_update=on_update) as monitor:
        return align(run, monitor)
