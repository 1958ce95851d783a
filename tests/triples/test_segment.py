"""Laws of a segment: what it keeps of an episode, and what it leaves out."""

from collections.abc import Callable
from dataclasses import fields, replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vla_sim.errors import BadRows
from vla_sim.records.episode import Episode
from vla_sim.records.triple import CHUNK_SIZE, N_ACT, N_CLIP, Rows, SegmentTriples, StepTriples
from vla_sim.triples.segment import clip_frames, knots, outcome_step, segment
from vla_sim.triples.spec import count, segment_spec, step_spec

Make = Callable[..., tuple[Episode, Rows]]


def cut(episode: Episode, **changes: object) -> SegmentTriples:
    n = episode.n_steps + 1
    return segment(
        replace(episode, **changes),  # type: ignore[arg-type]  # A test names any field.
        task=2,
        meaning=5,
        cell=np.linspace(0, 1, 2 * n, dtype=np.float32).reshape(n, 2),
        cell_visible=np.arange(n) % 2 == 1,
    )


def test_specs_name_the_fields_of_the_records() -> None:
    assert list(step_spec(8, 8)) == [f.name for f in fields(StepTriples)]
    assert list(segment_spec(8, 8)) == [f.name for f in fields(SegmentTriples)]


def test_a_segment_fits_its_spec_and_runs_to_the_first_success(make: Make) -> None:
    episode, _ = make(0, n_steps=12, success_from=8)
    row = cut(episode)
    assert count(vars(row), segment_spec(16, 16)) == 1
    assert episode.images is not None
    np.testing.assert_array_equal(row.clip[0], episode.images[[0, 3, 6, 9]])
    np.testing.assert_allclose(row.clip_time_s[0], [0, 0.15, 0.3, 0.45], rtol=1e-6)
    assert row.duration_s[0] == np.float32(0.45)
    np.testing.assert_array_equal(row.start[0], episode.proprio[0])
    np.testing.assert_array_equal(row.knots[0], knots(episode.actions[:9]))
    np.testing.assert_allclose(row.cell[0], [18 / 25, 19 / 25], rtol=1e-6)
    assert bool(row.cell_visible[0])
    assert (row.task[0], row.meaning[0], row.seed[0]) == (2, 5, 0)


def test_without_success_the_last_step_is_the_outcome(make: Make) -> None:
    episode, _ = make(0, n_steps=12, success_from=None)
    assert outcome_step(episode.success) == 11
    row = cut(episode)
    assert episode.images is not None
    np.testing.assert_array_equal(row.clip[0, -1], episode.images[-1])


def test_what_comes_after_the_outcome_does_not_matter(make: Make) -> None:
    episode, _ = make(3, n_steps=12, success_from=6)
    actions = episode.actions.copy()
    actions[7:] = 0.0
    success = episode.success.copy()
    success[8:] = False
    before, after = cut(episode), cut(episode, actions=actions, success=success)
    for name, values in vars(before).items():
        np.testing.assert_array_equal(values, vars(after)[name])


@given(last=st.integers(0, 300))
def test_clips_are_ordered_and_hold_both_ends(last: int) -> None:
    frames = clip_frames(last)
    assert len(frames) == N_CLIP
    assert (frames[0], frames[-1]) == (0, last)
    assert np.ptp(np.diff(frames)) <= 1


@given(n_steps=st.integers(1, 60), n_act=st.integers(1, N_ACT), seed=st.integers(0, 99))
def test_knots_keep_the_mean_and_pad_with_zeros(n_steps: int, n_act: int, seed: int) -> None:
    actions = np.random.default_rng(seed).uniform(-1, 1, (n_steps, n_act)).astype(np.float32)
    resampled = knots(actions)
    assert resampled.shape == (CHUNK_SIZE, N_ACT)
    assert resampled.dtype == np.float32
    np.testing.assert_allclose(resampled[:, :n_act].mean(axis=0), actions.mean(axis=0), atol=1e-6)
    assert not resampled[:, n_act:].any()
    assert np.abs(resampled).max() <= 1 + 1e-6


def test_knots_of_eight_steps_are_the_steps_and_fast_wiggles_vanish() -> None:
    actions = np.random.default_rng(0).uniform(-1, 1, (CHUNK_SIZE, 3)).astype(np.float32)
    np.testing.assert_allclose(knots(actions)[:, :3], actions, atol=1e-6)
    wiggle = np.tile([[1.0], [-1.0]], (40, 1)).astype(np.float32)
    np.testing.assert_allclose(knots(wiggle), 0, atol=1e-6)
    constant = np.full((13, 2), 0.3, np.float32)
    np.testing.assert_allclose(knots(constant)[:, :2], 0.3, atol=1e-6)


def test_missing_pictures_and_wrong_cells_are_named(make: Make) -> None:
    episode, _ = make(4)
    with pytest.raises(BadRows, match="seed 4 has no pictures"):
        cut(episode, images=None)
    with pytest.raises(BadRows, match="no steps"):
        cut(episode, actions=episode.actions[:0])
    with pytest.raises(BadRows, match="cells have the shapes"):
        segment(
            episode,
            task=0,
            meaning=0,
            cell=np.zeros((3, 2), np.float32),
            cell_visible=np.zeros(3, np.bool_),
        )
