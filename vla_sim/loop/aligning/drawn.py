"""Drawn: what one update learnt from, written down where it went wrong."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.numpy import save_file

from vla_sim.align.batch import labelled
from vla_sim.disk.atomic import replace_file
from vla_sim.errors import RunFolderError
from vla_sim.loop.aligning.memory import Batch
from vla_sim.records.triple import Rows

ACTIONS = ("steps/chunk", "segments/knots", "rehearsal/chunk")
"""Columns of actions, which not every row has."""


@dataclass(frozen=True, kw_only=True)
class Drawn:
    """A batch, and the rows for the decoder alone."""

    batch: Batch
    rehearsal: Rows | None = None
    rehearsal_texts: list[str] = field(default_factory=list)

    @property
    def columns(self) -> dict[str, NDArray[np.generic]]:
        """All arrays by name: "steps/chunk", "segments/clip", "rehearsal/goal_point"."""
        groups: Mapping[str, Rows | None] = {
            "steps": self.batch.steps,
            "segments": self.batch.segments,
            "rehearsal": self.rehearsal,
            "strips": self.batch.strips,
        }
        return {
            f"{group}/{name}": np.asarray(values)
            for group, rows in groups.items()
            if rows is not None
            for name, values in rows.items()
        }

    @property
    def spoilt(self) -> list[str]:
        """Names of the columns that hold something that is no number.

        Actions that nobody recorded are not meant: of them the whole row is NaN.
        """
        spoilt = []
        for name, values in self.columns.items():
            if np.issubdtype(values.dtype, np.floating):
                numbers = values.astype(np.float64)
                known = numbers[labelled(numbers)] if name in ACTIONS else numbers
                if not np.isfinite(known).all():
                    spoilt.append(name)
        return spoilt

    def save(self, path: Path) -> None:
        """Write it as safetensors; the sentences are in the metadata, as JSON.

        Raises:
            RunFolderError: If the file cannot be written.
        """
        texts = {
            "step_texts": self.batch.step_texts,
            "segment_texts": self.batch.segment_texts,
            "rehearsal_texts": self.rehearsal_texts,
        }
        metadata = {name: json.dumps(said, ensure_ascii=False) for name, said in texts.items()}
        arrays = {name: np.asarray(values, order="C") for name, values in self.columns.items()}
        try:
            replace_file(path, lambda draft: save_file(arrays, draft, metadata=metadata))
        except SafetensorError as error:  # how safetensors says that the disk is full
            raise RunFolderError(f"cannot write {path}: {error}") from error
