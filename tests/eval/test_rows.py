"""Rows keep all that a report needs, through the columns and back."""

import math
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from vla_sim.errors import DamagedFile
from vla_sim.eval import protocol_file
from vla_sim.eval.body import Body
from vla_sim.eval.columns import COLUMNS, differing, row_from, values_of
from vla_sim.eval.metrics.table import METRICS
from vla_sim.eval.protocol import Protocol
from vla_sim.eval.rows import row_of
from vla_sim.eval.shaped_progress import shaped_progress
from vla_sim.records.episode import Episode

Make = Callable[..., Episode]
PROTOCOL = Protocol(
    name="p",
    tasks=("a",),
    first_seed=0,
    n_episodes=3,
    renderer="raycast 1",
    engine="mujoco 4.0.0",
    image_size=(96, 96),
)


def test_a_row_comes_back_through_its_columns(episode: Make, body: Body) -> None:
    limits = {"jerk": np.arange(20) < 3, "reach": np.zeros(20, dtype=bool)}
    row = row_of(episode(seed=7, violations=limits), body)
    assert row.violations == {"jerk": 3, "reach": 0}
    again = row_from(values_of(row))
    assert again.metrics == pytest.approx(row.metrics, nan_ok=True, abs=0.0, rel=0.0)
    assert replace(again, metrics=row.metrics) == row


def test_what_is_undefined_is_missing_and_comes_back_undefined(episode: Make, body: Body) -> None:
    row = row_of(episode(np.zeros(9), success=False), body)
    values = values_of(row)
    assert values["typical_speed"] is None
    assert math.isnan(row_from(values).metrics["typical_speed"])
    assert values["success_at_end"] is False


def test_a_metric_that_came_after_a_row_makes_it_no_other_episode(
    episode: Make, body: Body
) -> None:
    now = row_of(episode(), body)
    older = replace(now, metrics={**now.metrics, "time_s": np.nan})
    assert differing(now, now) == differing(older, now) == ()
    assert differing(now, older) == ("time_s",)
    assert differing(older, replace(now, n_steps=3)) == ("n_steps",)


def test_every_metric_is_a_column_and_every_column_says_what_it_is() -> None:
    assert METRICS.keys() <= COLUMNS.keys()
    assert all(column.about for column in COLUMNS.values())
    assert COLUMNS["time_s"].unit == "s"
    lengths = [name for name in COLUMNS if name.endswith("_m")]
    assert lengths
    assert {COLUMNS[name].unit for name in lengths} == {"m"}


def test_a_row_that_lacks_a_column_is_damaged(episode: Make, body: Body) -> None:
    values = values_of(row_of(episode(), body))
    del values["seed"]
    with pytest.raises(DamagedFile, match="seed"):
        row_from(values)


def test_progress_is_all_for_a_success_none_for_a_blow_up_and_else_the_share(episode: Make) -> None:
    assert shaped_progress(episode(success=True)) == 1.0
    failed = episode(success=False, reward=np.array([0.2, 0.6, 0.3]))
    assert shaped_progress(failed) == pytest.approx(0.5)
    assert shaped_progress(replace(failed, diverged=True)) == 0.0
    assert shaped_progress(episode(success=False, reward=np.array([0.4, 0.4]))) == 0.0


def test_a_protocol_comes_back_from_its_file_and_an_edit_is_noticed() -> None:
    text = protocol_file.to_json(PROTOCOL)
    assert protocol_file.from_json(text) == PROTOCOL
    with pytest.raises(DamagedFile, match="was edited"):
        protocol_file.from_json(text.replace('"n_episodes": 3', '"n_episodes": 4'))
    with pytest.raises(DamagedFile, match="no field 'colour'"):
        protocol_file.from_json(text.replace('"version"', '"colour"'))
    with pytest.raises(DamagedFile, match="no protocol"):
        protocol_file.from_json("[]")
