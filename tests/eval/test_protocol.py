"""Protocols are values with a stable stamp, and differences are named."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from vla_sim.errors import BadConfig, ProtocolMismatch
from vla_sim.eval.protocol import Protocol, require_comparable, require_same
from vla_sim.eval.run_card import commit, run_card
from vla_sim.records.reports import EvalReport

SPINE = Protocol(
    name="spine",
    tasks=("vla_sim/Reach-v0", "vla_sim/Lift-v0"),
    first_seed=1000,
    n_episodes=100,
    arms=("correct", "swapped"),
    renderer="raycast 1",
    engine="mujoco 4.0.0",
    image_size=(96, 96),
)
CHANGES: dict[str, Any] = {
    "name": "other",
    "version": 2,
    "tasks": ("vla_sim/Reach-v0",),
    "first_seed": 1001,
    "n_episodes": 50,
    "arms": ("correct",),
    "languages": ("en", "zh"),
    "manners": ("slowly",),
    "horizon": "12.0",
    "success": "success_once",
    "renderer": "egl",
    "engine": "pybullet",
    "image_size": (64, 64),
    "axis": "light",
    "severity": 2,
    "n_instructions": 5,
    "conditions": "0123456789abcdef",
    "metrics": 2,
    "stopping": "width 0.14",
}
SHIFTED = replace(SPINE, axis="camera", severity=1)


def test_the_stamp_never_changes_by_itself() -> None:
    assert SPINE.stamp == replace(SPINE).stamp
    assert SPINE.stamp == "spine-v1-47529945b0"


def test_every_field_is_part_of_the_stamp() -> None:
    assert CHANGES.keys() == vars(SPINE).keys()


@pytest.mark.parametrize("field", CHANGES)
def test_a_change_of_any_field_is_refused_by_name(field: str) -> None:
    base = SHIFTED if field in ("axis", "severity") else SPINE  # neither is without the other
    other = replace(base, **{field: CHANGES[field]})
    assert other.stamp != base.stamp
    with pytest.raises(ProtocolMismatch, match=f"{field}: .* against"):
        require_same(base, other)
    require_same(SPINE, replace(SPINE))


def test_an_axis_is_part_of_the_stamp_and_stands_with_its_severity() -> None:
    assert SHIFTED.stamp != SPINE.stamp
    with pytest.raises(BadConfig, match="'camera' with severity 0"):
        replace(SPINE, axis="camera")
    with pytest.raises(BadConfig, match="severity 2 of no axis"):
        replace(SPINE, severity=2)


def test_reports_name_the_difference_from_their_cards() -> None:
    other = replace(SPINE, renderer="egl")
    one, two = (
        EvalReport(protocol=p.stamp, step=0, elapsed_s=0.0, tasks=(), run_card=run_card(protocol=p))
        for p in (SPINE, other)
    )
    require_comparable(one, one)
    with pytest.raises(ProtocolMismatch, match='renderer: "raycast 1" against "egl"'):
        require_comparable(one, two)
    with pytest.raises(ProtocolMismatch, match="do not hold the fields"):
        require_comparable(replace(one, run_card={}), replace(two, run_card={}))


def test_seeds_are_fixed_beforehand() -> None:
    assert list(SPINE.seeds)[:2] == [1000, 1001]
    assert len(SPINE.seeds) == 100


@pytest.mark.parametrize(
    "change",
    [
        {"tasks": ()},
        {"tasks": ("a", "a")},
        {"n_episodes": 0},
        {"first_seed": -1},
        {"success": "sometimes"},
        {"languages": ("fr",)},
    ],
)
def test_what_cannot_be_run_is_refused(change: dict[str, Any]) -> None:
    with pytest.raises(BadConfig, match="spine"):
        replace(SPINE, **change)


def test_the_card_says_what_is_needed_to_repeat() -> None:
    card = run_card(protocol=SPINE, seed=3, extra={"note": "x"})
    assert card["protocol"] == SPINE.stamp
    assert card["renderer"] == "raycast 1"
    assert card["seeds/training"] == "3"
    assert card["note"] == "x"
    assert card["version/numpy"]
    assert {"python", "platform", "cores", "commit", "threads/OMP_NUM_THREADS"} <= card.keys()
    assert all(isinstance(value, str) for value in card.values())


def test_someone_elses_git_tree_is_not_ours(tmp_path: Path) -> None:
    assert commit(tmp_path) is None
    assert commit(tmp_path / "nowhere") is None
