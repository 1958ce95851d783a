"""The memory forgets no task, gives batches from what is there, and says what it could not do."""

from collections import Counter
from collections.abc import Sequence

import numpy as np
import pytest
from numpy.typing import NDArray

from tests.meanings import MEANINGS
from vla_sim.envs.language.codes import encode
from vla_sim.envs.task_table import TaskTable
from vla_sim.envs.tasks import TASK_IDS
from vla_sim.errors import BadConfig
from vla_sim.loop.aligning.drawn import Drawn
from vla_sim.loop.aligning.memory import Batch, Memory, MemoryConfig, with_labels
from vla_sim.loop.aligning.remarks import memory_remarks, silent_terms
from vla_sim.records.triple import N_GOALS, Rows
from vla_sim.triples.spec import Spec, segment_spec, step_spec, strip_spec

SIZE = 16
CODES = np.array([encode(meaning) for meaning in MEANINGS], np.int64)


def blank(spec: Spec, task: Sequence[int], meaning: NDArray[np.int64]) -> Rows:
    zeros = {n: np.zeros((len(task), *c.shape), np.dtype(c.dtype)) for n, c in spec.items()}
    return {**zeros, "task": np.array(task, np.int64), "meaning": meaning}


def steps(*tasks: int) -> Rows:
    return blank(step_spec(SIZE, SIZE), tasks, np.tile(CODES[:N_GOALS], (len(tasks), 1)))


def segments(*meanings: int) -> Rows:
    return blank(segment_spec(SIZE, SIZE), [0] * len(meanings), CODES[list(meanings)])


def memory(**settings: int) -> Memory:
    return Memory(MemoryConfig(**settings), image_size=SIZE, seed=0)


def test_few_meanings_make_smaller_batches_and_a_line() -> None:
    made = memory(batch_segments=8, max_duplicates=2, n_segments=50)
    made.steps.add(steps(0))
    for meanings, n, line in (
        ([], 0, "have 0 meanings: there is nothing to tell apart"),
        ([1, 1, 1], 0, "have 1 meanings"),
        ([2], 4, "have 2 meanings, each at most 2 times in a batch: batches of 4 instead of 8"),
        ([3, 3, 4], 8, None),
        ([5, 6, 7], 8, None),
    ):
        made.segments.add(segments(*meanings))
        batch = made.draw(with_segments=True)
        assert len(batch.segment_texts) == n
        assert (batch.segments is None) == (n == 0)
        said = memory_remarks(made, steps(0), None, TaskTable())
        assert [line in text for text in said] == [True] if line else said == []
    assert made.draw(with_segments=False).segments is None


def test_a_task_that_is_not_evaluated_is_drawn_as_the_others_are_in_the_mean() -> None:
    made = memory(batch_steps=600)
    made.steps.add(steps(0, 0, 1, 2))
    assert made.weights is None
    made.attend_to({0: 1.0, 1: 0.4, 5: 0.0})
    assert made.weights == pytest.approx({0: 0.3, 1: 0.9, 2: 2.5 / 3})
    drawn = Counter(made.draw(with_segments=False).steps["task"].tolist())
    assert drawn[0] < drawn[2] < drawn[1]


def test_what_had_no_room_is_told_task_by_task_with_the_way_out() -> None:
    made = memory(n_steps=60, n_segments=4)
    given = steps(*[0] * 100, *[1] * 10)
    made.steps.add(given)
    made.segments.add(segments(0, 1, 2))
    said = memory_remarks(made, given, segments(0, 1, 2), TaskTable())
    (line,) = (text for text in said if "steps" in text)
    names = [task_id.removeprefix("vla_sim/").partition("-")[0] for task_id in TASK_IDS[:2]]
    assert line.startswith("60 of 110 step triples are learnt from, evenly over tasks and episodes")
    assert f"{names[0]} 50 of 100, {names[1]} 10 of 10" in line
    assert line.endswith("learner.memory.n_steps = 110")


def test_a_memory_that_is_put_back_draws_on_alike() -> None:
    one, other = memory(batch_segments=4), memory(batch_segments=4)
    one.steps.add(steps(0, 1, 2))
    one.segments.add(segments(0, 1, 2, 3))
    other.load_state(one.state())
    mine, theirs = one.draw(with_segments=True), other.draw(with_segments=True)
    assert mine.step_texts == theirs.step_texts and mine.segment_texts == theirs.segment_texts
    np.testing.assert_array_equal(mine.steps["task"], theirs.steps["task"])
    assert other.steps.held == one.steps.held and other.segments.n_groups == 4


def test_more_moments_are_rehearsed_than_pictures_are_kept() -> None:
    """Without their pictures; where the memory is put back, the same ones follow."""
    sizes = {"n_steps": 4, "n_rehearsal": 40, "batch_rehearsal": 400}
    one, other, few = memory(**sizes), memory(**sizes), memory(**{**sizes, "n_rehearsal": 0})
    for moment in range(50):
        row = dict(steps(0))
        row["proprio"] = np.full_like(row["proprio"], moment)
        one.add_steps(row)
        few.add_steps(row)
    rows, texts = one.draw_rehearsal()
    assert set(np.asarray(rows["proprio"])[:, 0].tolist()) == set(range(10, 50))
    assert not rows["image"].size and len(texts) == 400 * N_GOALS
    kept, _ = few.draw_rehearsal()
    assert set(np.asarray(kept["proprio"])[:, 0].tolist()) == set(range(46, 50))
    other.load_state(one.state())
    other.rng.bit_generator.state = one.rng.bit_generator.state
    mine, theirs = one.draw_rehearsal(), other.draw_rehearsal()
    np.testing.assert_array_equal(mine[0]["proprio"], theirs[0]["proprio"])
    assert mine[1] == theirs[1]


def test_moments_that_nobody_would_draw_are_refused() -> None:
    with pytest.raises(BadConfig, match="n_rehearsal is 40 and batch_rehearsal is 0"):
        MemoryConfig(n_rehearsal=40, batch_rehearsal=0)


def test_a_term_that_never_acts_is_named_and_one_that_acts_once_is_not() -> None:
    history = [{"jerk": 0.0, "goal": 0.0}, {"jerk": 0.0, "goal": 0.2, "total": 1.0}]
    wanted = {"jerk": 0.1, "goal": 1.0, "cycle": 0.2, "velocity": 0.0}
    zero, never = silent_terms(wanted, history)
    assert "jerk was zero from the first update" in zero
    assert "cycle was never taken" in never
    assert not silent_terms({"goal": 1.0}, history)
    (still,) = silent_terms({"goal": 1.0}, history, still={"goal": 7})
    assert "goal was not zero and had no gradient in any of 7 looks" in still


def test_a_share_of_the_rows_keeps_its_actions_and_it_is_always_the_same() -> None:
    rng = np.random.default_rng(0)
    rows = dict(steps(*[0] * 400))
    rows["proprio"] = rng.normal(size=rows["proprio"].shape).astype(np.float32)
    clips = dict(segments(*range(8)))
    lots = []
    for seed in range(2):
        made = Memory(
            MemoryConfig(label_share=0.25, n_steps=400, batch_steps=400, batch_segments=8),
            image_size=SIZE,
            seed=seed,
        )
        made.steps.add(rows)
        made.segments.add(clips)
        batch = made.draw(with_segments=True)
        drawn = np.asarray(batch.steps["proprio"], dtype=np.float32)
        chunk = np.asarray(batch.steps["chunk"], dtype=np.float32)
        gone = np.array([bool(np.isnan(row).all()) for row in chunk])
        assert 0.15 < 1.0 - gone.mean() < 0.35
        lots.append(
            {row.tobytes(): bool(lost) for row, lost in zip(drawn, gone.tolist(), strict=True)}
        )
        assert batch.segments is not None
        assert np.isnan(np.asarray(batch.segments["knots"], dtype=np.float32)).any()
        assert not np.isnan(np.asarray(made.steps.state()["rows/chunk"], np.float32)).any()
    shared = lots[0].keys() & lots[1].keys()
    assert shared and all(lots[0][row] == lots[1][row] for row in shared)


@pytest.mark.parametrize(("share", "least", "most"), [(1.0, 200, 200), (0.25, 30, 70)])
def test_strips_give_away_no_actions_that_are_not_to_be_learnt_from(
    share: float, least: int, most: int
) -> None:
    spec = strip_spec(SIZE, SIZE, 16)
    strips = {n: np.ones((200, *c.shape), np.dtype(c.dtype)) for n, c in spec.items()}
    strips["seed"] = np.arange(200, dtype=np.int64)
    config = MemoryConfig(label_share=share, n_strips=200)
    made = Memory(config, image_size=SIZE, seed=0, strip_steps=16)
    made.add_strips(strips)
    assert made.strips is not None and least <= len(made.strips) <= most
    assert np.isfinite(np.asarray(made.strips.state()["rows/action"], np.float32)).all()


def test_what_nobody_labelled_is_not_named_as_spoilt() -> None:
    rows, clips = dict(steps(*[0] * 3)), dict(segments(*range(3)))
    drawn = Drawn(
        batch=Batch(steps=with_labels(rows, 1e-9), step_texts=[], segments=clips, segment_texts=[]),
        rehearsal=rows,
    )
    assert np.isnan(drawn.columns["steps/chunk"].astype(np.float32)).all()
    assert not drawn.spoilt
    clips["knots"][1, 0] = np.nan
    rows["proprio"][0, 0] = np.inf
    assert drawn.spoilt == ["steps/proprio", "segments/knots", "rehearsal/proprio"]
