"""Summary: what is there of a study, arm by arm and seed by seed."""

from collections.abc import Mapping
from dataclasses import dataclass

from vla_sim.loop.studying.arm import StudyArm
from vla_sim.loop.studying.arms import arm_of, name_of
from vla_sim.loop.studying.cell_store import CellStore, Outcome
from vla_sim.loop.studying.cell_values import CellValues
from vla_sim.loop.studying.study_run import StudyRun


@dataclass(frozen=True, kw_only=True)
class ArmSummary:
    """One arm and what came of it.

    Attributes:
        name: As in tables.
        arm: What it changes.
        outcomes: {seed: what its file says; None where it is missing}.
    """

    name: str
    arm: StudyArm
    outcomes: Mapping[int, Outcome | None]

    @property
    def values(self) -> dict[int, CellValues]:
        """{seed: values} of the cells that were measured."""
        return {
            seed: outcome.values
            for seed, outcome in self.outcomes.items()
            if outcome is not None and outcome.values is not None
        }

    @property
    def missing(self) -> list[int]:
        """Seeds that were not measured yet."""
        return [seed for seed, outcome in self.outcomes.items() if outcome is None]

    @property
    def failures(self) -> dict[int, str]:
        """{seed: why it failed}."""
        return {s: o.failure for s, o in self.outcomes.items() if o is not None and o.failure}


@dataclass(frozen=True, kw_only=True)
class Summary:
    """All arms of a study.

    Attributes:
        arms: In their order.
        against: The name of the arm that the others are compared with.
    """

    arms: tuple[ArmSummary, ...]
    against: str

    @property
    def base(self) -> ArmSummary:
        """The arm that the others are compared with."""
        (found,) = [arm for arm in self.arms if arm.name == self.against]
        return found

    @property
    def others(self) -> tuple[ArmSummary, ...]:
        """The arms that are compared with it."""
        return tuple(arm for arm in self.arms if arm.name != self.against)

    @property
    def n_cells(self) -> int:
        """Of the whole study."""
        return sum(len(arm.outcomes) for arm in self.arms)

    @property
    def n_measured(self) -> int:
        """Those that are there."""
        return sum(len(arm.values) for arm in self.arms)

    @property
    def n_failed(self) -> int:
        """Those that went wrong when they were last tried."""
        return sum(len(arm.failures) for arm in self.arms)

    @property
    def is_complete(self) -> bool:
        """Every arm from every seed was measured."""
        return self.n_measured == self.n_cells

    @property
    def commits(self) -> list[str]:
        """Of the code that cells were measured with, each once."""
        held = [o.commit for arm in self.arms for o in arm.outcomes.values() if o is not None]
        return sorted({_short(commit) for commit in held if commit})


def _short(commit: str) -> str:
    """A commit as people write it, with what was changed since."""
    digits, _, rest = commit.partition(" ")
    return f"{digits[:12]} {rest}".strip()


def summary(run: StudyRun, store: CellStore) -> Summary:
    """What is there of a study.

    Raises:
        DamagedFile: If a cell's file is damaged.
    """
    outcomes: dict[str, dict[int, Outcome | None]] = {}
    for cell in run.all_cells:
        outcomes.setdefault(cell.arm, {})[cell.seed] = store.read(cell)
    return Summary(
        arms=tuple(
            ArmSummary(name=name_of(arm), arm=arm_of(arm), outcomes=outcomes[name_of(arm)])
            for arm in run.arms
        ),
        against=name_of(run.against),
    )
