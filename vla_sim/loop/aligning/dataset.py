"""A dataset on disk as the rows of a learner's memory."""

from pathlib import Path

from vla_sim.envs.tasks import TASK_IDS
from vla_sim.loop.simulating.simulators import concatenated
from vla_sim.records.triple import Rows
from vla_sim.triples.lerobot.folder import datasets_in
from vla_sim.triples.lerobot.reader import read_segments, read_steps


def dataset_rows(path: Path) -> tuple[Rows, Rows]:
    """All step and segment triples of the datasets in a folder, one dataset a robot.

    Raises:
        RunFolderError: If there is no dataset.
        DamagedFile: If a file of one is damaged.
    """
    roots = datasets_in(path)
    return (
        concatenated([read_steps(root, TASK_IDS) for root in roots]),
        concatenated([read_segments(root, TASK_IDS) for root in roots]),
    )
