"""Cell: one arm from one training seed, which is measured once."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from vla_sim.loop.aligning.align_run import AlignRun
from vla_sim.loop.studying.fingerprint import PLACES, fingerprint
from vla_sim.loop.studying.measured import MeasuredConfig

CHANGES_NOTHING = (*PLACES, "picture_cache", "n_processes", "n_threads")
"""Settings that a cell's values do not depend on."""


@dataclass(frozen=True, kw_only=True)
class Cell:
    """What is measured: a training, and how its model is asked to act.

    Attributes:
        arm: What it is called; no part of what is measured.
        seed: Of the training, which is in `run` as well.
        run: The training.
        measured: The benchmark.
    """

    arm: str
    seed: int
    run: AlignRun
    measured: MeasuredConfig

    @cached_property
    def settings(self) -> Mapping[str, Any]:
        """All that its values depend on beside the code."""
        return {"align": self.run, "measured": self.measured}

    @cached_property
    def key(self) -> str:
        """The name of its file: cells of equal settings are one cell, whatever they are called."""
        return fingerprint(self.settings, left_out=CHANGES_NOTHING)

    @cached_property
    def training(self) -> str:
        """The name of its training, which several cells may share."""
        return fingerprint({"align": self.run}, left_out=CHANGES_NOTHING)

    def __str__(self) -> str:
        return f"{self.arm}, seed {self.seed}"
