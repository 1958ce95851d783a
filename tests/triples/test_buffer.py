"""Laws of the buffer: bounded, balanced, seeded, resumable, and strict about what it takes."""

from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vla_sim.errors import BadConfig, BadRows
from vla_sim.records.triple import Rows
from vla_sim.triples.buffer import FLOOR_PART, TripleBuffer, TripleBufferConfig
from vla_sim.triples.spec import Column, Spec, segment_spec, step_spec

SPEC: Spec = {
    "id": Column((), "int64"),
    "task": Column((), "int64"),
    "meaning": Column((), "int64"),
    "image": Column((2, 3), "uint8"),
}

batches = st.lists(
    st.lists(st.tuples(st.integers(0, 2), st.integers(0, 4)), max_size=12), min_size=1, max_size=8
)


def rows(pairs: list[tuple[int, int]], first_id: int = 0) -> Rows:
    ids = np.arange(first_id, first_id + len(pairs))
    table = np.array(pairs, np.int64).reshape(-1, 2)
    image = np.broadcast_to(ids[:, None, None], (len(pairs), 2, 3)).astype(np.uint8)
    return {"id": ids, "task": table[:, 0], "meaning": table[:, 1], "image": image}


def filled(config: TripleBufferConfig, given_batches: list[list[tuple[int, int]]]) -> TripleBuffer:
    buffer = config.build(SPEC)
    first_id = 0
    for pairs in given_batches:
        buffer.add(rows(pairs, first_id))
        first_id += len(pairs)
    return buffer


def assert_equal(one: Rows, other: Rows) -> None:
    assert one.keys() == other.keys()
    for name in one:
        np.testing.assert_array_equal(one[name], other[name])


def outlasting(rows_by_age: list[tuple[int, int]], capacity: int) -> list[int]:
    """The rule in words: the newest stay, and of each task a few in any case."""
    tasks = [task for task, _ in rows_by_age]
    floor = capacity // (FLOOR_PART * len(set(tasks)))
    safe = {i for i, task in enumerate(tasks) if tasks[i + 1 :].count(task) < floor}
    newest_first = [*sorted(safe), *(i for i in range(len(tasks))[::-1] if i not in safe)]
    return sorted(newest_first[:capacity])


@given(capacity=st.integers(12, 24), given_batches=batches, within=st.booleans())
@settings(max_examples=50)
def test_it_holds_the_newest_rows_and_some_of_each_task_and_draws_each_of_them(
    capacity: int, given_batches: list[list[tuple[int, int]]], within: bool
) -> None:
    config = TripleBufferConfig(capacity=capacity, within="meaning" if within else None)
    buffer = filled(config, given_batches)
    everything = [pair for pairs in given_batches for pair in pairs]
    held: list[int] = []
    first_id = 0
    for pairs in given_batches:
        there = [*held, *range(first_id, first_id + len(pairs))]
        first_id += len(pairs)
        if len(there) > capacity:
            there = [there[k] for k in outlasting([everything[i] for i in there], capacity)]
        held = there
    assert len(buffer) == len(held)
    assert buffer.n_added == len(everything)
    assert buffer.held == Counter(everything[i][0] for i in held)
    if not held:
        return
    batch = buffer.sample(1500, np.random.default_rng(0))
    # Any one row is missed with a probability far below one in a million.
    assert set(batch["id"].tolist()) == set(held)
    for i, task, meaning in zip(batch["id"], batch["task"], batch["meaning"], strict=True):
        assert everything[int(i)] == (int(task), int(meaning))
    assert (batch["image"][:, 0, 0] == batch["id"].astype(np.uint8)).all()


def test_no_task_vanishes_however_many_rows_others_bring() -> None:
    buffer = TripleBufferConfig(capacity=80).build(SPEC)
    buffer.add(rows([(0, 0)] * 70))
    for k in range(30):
        buffer.add(rows([(1, 0)] * 40, 100 + 40 * k))
    assert buffer.held == {0: 10, 1: 70}
    assert set(buffer.sample(4000, np.random.default_rng(0))["id"].tolist()) >= set(range(60, 70))


def test_rows_that_are_too_many_at_once_are_thinned_evenly() -> None:
    """As a dataset brings them: one task after the other, episode after episode of ten rows."""
    lengths = {0: 300, 1: 20, 2: 400}
    pairs = [(task, k // 100) for task, n in lengths.items() for k in range(n)]
    for within in (None, "meaning"):
        buffer = TripleBufferConfig(capacity=120, within=within).build(SPEC)
        buffer.add(rows(pairs))
        assert buffer.held == {0: 50, 1: 20, 2: 50} and buffer.n_added == len(pairs)
        kept = np.asarray(buffer.state()["rows/id"], np.int64)
        assert kept.tolist() == sorted(kept.tolist())
        for first, n_rows in ((0, 300), (320, 400)):
            episodes = (kept[(kept >= first) & (kept < first + n_rows)] - first) // 10
            per_episode = np.bincount(episodes, minlength=n_rows // 10)
            assert per_episode.min() >= 1 and per_episode.max() - per_episode.min() <= 1


def test_thinning_keeps_every_meaning_that_has_room() -> None:
    pairs = [(0, 0)] * 95 + [(0, k) for k in range(1, 6)]
    buffer = TripleBufferConfig(capacity=12, within="meaning").build(SPEC)
    buffer.add(rows(pairs))
    meanings = Counter(buffer.state()["rows/meaning"].tolist())
    assert meanings == {0: 7, 1: 1, 2: 1, 3: 1, 4: 1, 5: 1}


@given(given_batches=batches, batch_size=st.integers(1, 40), seed=st.integers(0, 99))
@settings(max_examples=40)
def test_tasks_have_equal_shares_and_meanings_within_them(
    given_batches: list[list[tuple[int, int]]], batch_size: int, seed: int
) -> None:
    buffer = filled(TripleBufferConfig(capacity=50, within="meaning"), given_batches)
    held = set([pair for pairs in given_batches for pair in pairs][-50:])
    if not held:
        return
    batch = buffer.sample(batch_size, np.random.default_rng(seed))
    tasks = Counter(batch["task"].tolist())
    shares = [tasks[task] for task in {task for task, _ in held}]
    assert sum(shares) == batch_size
    assert max(shares) - min(shares) <= 1
    pairs = Counter(zip(batch["task"].tolist(), batch["meaning"].tolist(), strict=True))
    for task in tasks:
        of_task = [pairs[pair] for pair in held if pair[0] == task]
        assert max(of_task) - min(of_task) <= 1


@given(
    given_batches=batches,
    bound=st.integers(1, 3),
    batch_size=st.integers(1, 45),
    seed=st.integers(0, 99),
)
@settings(max_examples=50)
def test_duplicates_of_a_meaning_are_bounded(
    given_batches: list[list[tuple[int, int]]], bound: int, batch_size: int, seed: int
) -> None:
    config = TripleBufferConfig(capacity=100, within="meaning", max_duplicates=bound)
    buffer = filled(config, given_batches)
    held = {pair for pairs in given_batches for pair in pairs}
    rng = np.random.default_rng(seed)
    assert buffer.largest_batch == len(held) * bound
    if batch_size > len(held) * bound:
        with pytest.raises(BadRows, match=r"max_duplicates|holds 0 rows"):
            buffer.sample(batch_size, rng)
        return
    batch = buffer.sample(batch_size, rng)
    assert len(batch["id"]) == batch_size
    pairs = Counter(zip(batch["task"].tolist(), batch["meaning"].tolist(), strict=True))
    assert max(pairs.values()) <= bound


@given(given_batches=batches, more=batches, capacity=st.integers(1, 30), within=st.booleans())
@settings(max_examples=40)
def test_a_restored_buffer_goes_on_as_the_old_one(
    given_batches: list[list[tuple[int, int]]],
    more: list[list[tuple[int, int]]],
    capacity: int,
    within: bool,
) -> None:
    config = TripleBufferConfig(capacity=capacity, within="meaning" if within else None)
    old = filled(config, given_batches)
    new = filled(config, more)
    new.load_state(old.state())
    for pairs in ([], *more):
        old.add(rows(pairs, 200))
        new.add(rows(pairs, 200))
        assert (len(old), old.n_added) == (len(new), new.n_added)
        if len(old):
            assert_equal(
                old.sample(16, np.random.default_rng(7)), new.sample(16, np.random.default_rng(7))
            )


def test_equal_generators_draw_equal_batches() -> None:
    buffer = filled(TripleBufferConfig(capacity=50), [[(i % 3, i % 5) for i in range(40)]])
    one, other = (buffer.sample(32, np.random.default_rng(3)) for _ in range(2))
    assert_equal(one, other)
    assert one["id"].tolist() != buffer.sample(32, np.random.default_rng(4))["id"].tolist()


def test_a_batch_is_a_copy() -> None:
    buffer = filled(TripleBufferConfig(capacity=4), [[(0, 0)] * 4])
    batch = buffer.sample(4, np.random.default_rng(0))
    before = batch["id"].copy()
    buffer.add(rows([(0, 0)] * 4, 50))
    np.testing.assert_array_equal(batch["id"], before)


def test_bad_rows_are_named_and_nothing_is_added() -> None:
    buffer = TripleBufferConfig(capacity=10).build(SPEC)
    good = rows([(0, 0), (1, 1)])
    for bad, says in (
        ({k: v for k, v in good.items() if k != "image"}, r"miss the columns \['image'\]"),
        ({**good, "colour": good["id"]}, r"unknown columns \['colour'\]"),
        ({**good, "image": good["image"][:, :1]}, r"'image' has the shape \(2, 1, 3\)"),
        ({**good, "image": good["image"].astype(np.float32)}, "'image' is float32"),
        ({**good, "task": good["task"].astype(np.int32)}, "'task' is int32"),
        ({**good, "task": good["task"][:1]}, "'task' has 1 rows"),
        ({**good, "id": np.array(3)}, "'id'"),
    ):
        with pytest.raises(BadRows, match=says):
            buffer.add(bad)
    assert len(buffer) == 0
    with pytest.raises(BadRows, match="holds 0 rows"):
        buffer.sample(1, np.random.default_rng(0))


def test_bad_states_are_refused_and_nothing_is_lost() -> None:
    buffer = filled(TripleBufferConfig(capacity=10), [[(0, 0), (1, 1)]])
    state = buffer.state()
    larger = filled(TripleBufferConfig(capacity=20), [[(0, 0)] * 15]).state()
    for bad in (
        larger,
        {k: v for k, v in state.items() if k != "n_added"},
        {k: v for k, v in state.items() if k != "rows/task"},
    ):
        with pytest.raises(BadRows):
            buffer.load_state(bad)
    assert_equal(buffer.state(), state)


def test_contradicting_settings_are_refused() -> None:
    with pytest.raises(BadConfig, match="capacity is 0"):
        TripleBufferConfig(capacity=0)
    with pytest.raises(BadConfig, match="max_duplicates"):
        TripleBufferConfig(capacity=1, max_duplicates=2)
    with pytest.raises(BadConfig, match="max_duplicates"):
        TripleBufferConfig(capacity=1, within="meaning", max_duplicates=0)
    with pytest.raises(BadConfig, match="'image'"):
        TripleBufferConfig(capacity=1, balance_by="image").build(SPEC)
    with pytest.raises(BadConfig, match="'colour'"):
        TripleBufferConfig(capacity=1, within="colour").build(SPEC)
    with pytest.raises(BadConfig, match="'meaning'"):
        # Of a step there are several meanings, one per goal.
        TripleBufferConfig(capacity=1, within="meaning").build(step_spec(8, 8))


def test_both_kinds_of_triples_fit() -> None:
    for spec in (step_spec(8, 8), segment_spec(8, 8)):
        buffer = TripleBufferConfig(capacity=3).build(spec)
        zeros = {n: np.zeros((5, *c.shape), np.dtype(c.dtype)) for n, c in spec.items()}
        buffer.add(zeros)
        batch = buffer.sample(7, np.random.default_rng(0))
        assert {n: v.shape[1:] for n, v in batch.items()} == {n: c.shape for n, c in spec.items()}
