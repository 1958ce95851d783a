"""What was not said counts as what was done before it could be."""

from dataclasses import MISSING, dataclass, field

import pytest

from vla_sim import unsaid as module
from vla_sim.unsaid import completed, unsaid


@dataclass(frozen=True, kw_only=True)
class Parent:
    seed: int
    late: float = 0.0
    names: tuple[str, ...] = field(default_factory=lambda: ("a",))


@dataclass(frozen=True, kw_only=True)
class Child(Parent):
    late: float = 0.5


def test_a_setting_counts_as_its_default_or_as_the_table_says(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert (unsaid(Child, "late"), unsaid(Child, "names")) == (0.5, ("a",))
    assert unsaid(Child, "seed") is MISSING
    table = {f"{__name__}:Child.late": 0.25, f"{__name__}:Parent.names": ()}
    monkeypatch.setattr(module, "CHANGED_DEFAULTS", table)
    assert (unsaid(Child, "late"), unsaid(Child, "names")) == (0.25, ()), "a parent's too"
    assert unsaid(Parent, "late") == 0.0


def test_what_was_said_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "CHANGED_DEFAULTS", {f"{__name__}:Child.late": 0.25})
    assert completed(Child, {"late": 0.5}) == {"late": 0.5, "names": ("a",)}
    assert completed(Child, {"seed": 1}) == {"seed": 1, "late": 0.25, "names": ("a",)}
