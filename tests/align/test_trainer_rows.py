"""What rows teach a trainer: rehearsed ones, unlabelled ones, segments and padding."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from tests.align import squares
from tests.align.square_trainer import ALL, one_step, trainer
from vla_sim.align.batch import StepBatch
from vla_sim.align.moments import step_actions
from vla_sim.align.objective import Weights
from vla_sim.errors import BadConfig
from vla_sim.records.triple import SegmentTriples, StepTriples


def test_padding_does_not_teach() -> None:
    """A goal of weight zero may hold anything."""
    rng = np.random.default_rng(0)
    rows = squares.steps(rng, 4)
    texts = squares.say_all(rng, rows)
    weight = rows.weight.copy()
    weight[:, 3] = 0.0
    rows = replace(rows, weight=weight)
    spoilt = replace(
        rows,
        chunk=np.where(weight[..., None, None] > 0, rows.chunk, np.float32(9.0)),
        goal_point=np.where(weight[..., None, None] > 0, rows.goal_point, np.float32(-9.0)),
        cell=np.where(weight[..., None, None] > 0, rows.cell, np.float32(0.0)),
    )
    no_forcing = replace(ALL, goal_forcing=0.0)
    assert trainer(no_forcing).step(rows, texts) == trainer(no_forcing).step(spoilt, texts)


def test_segments_are_not_asked_for_on_every_step() -> None:
    learner = trainer(replace(ALL, segment_every=3))
    asked = []
    for seed in range(6):
        asked.append(learner.wants_segments)
        one_step(learner, seed, 2)
    assert asked == [True, False, False] * 2


def test_segments_hold_what_a_step_needs() -> None:
    rows: SegmentTriples = squares.segments(np.random.default_rng(0), 3)
    assert all(len(value) == 3 for value in vars(rows).values())


def test_rehearsal_teaches_the_decoder_and_no_picture() -> None:
    nothing_else = dict.fromkeys(vars(Weights()), 0.0) | {"rehearsal": 1.0}
    config = replace(ALL, weights=Weights(**nothing_else), rehearsal_noise=0.0)
    learner = trainer(config)
    vision = [p.detach().clone() for p in learner.model.vision.parameters()]
    attention = [p.detach().clone() for p in learner.model.attention.parameters()]
    losses = []
    for seed in range(60):
        rng = np.random.default_rng(seed)
        rows, more = squares.steps(rng, 4), squares.steps(rng, 16)
        learner.set_progress(seed / 100)
        report = learner.step(
            rows,
            squares.say_all(rng, rows),
            rehearsal=more,
            rehearsal_texts=squares.say_all(rng, more),
        )
        losses.append(report.terms["rehearsal"])
    assert np.mean(losses[-10:]) < 0.7 * np.mean(losses[:10])
    for now, before in zip(learner.model.vision.parameters(), vision, strict=True):
        assert torch.equal(now, before)
    for now, before in zip(learner.model.attention.parameters(), attention, strict=True):
        assert torch.equal(now, before)


def test_rehearsal_wants_a_sentence_for_every_goal() -> None:
    rng = np.random.default_rng(0)
    rows = squares.steps(rng, 4)
    texts = squares.say_all(rng, rows)
    with pytest.raises(BadConfig, match="sentences each"):
        trainer().step(rows, texts, rehearsal=rows, rehearsal_texts=texts[:2])


def test_every_chunk_belongs_to_itself_however_many_there_are() -> None:
    rng = np.random.default_rng(0)
    rows = squares.steps(rng, 24)
    rows = replace(rows, chunk=rng.uniform(-1.0, 1.0, rows.chunk.shape).astype(np.float32))
    learner = trainer()
    batch = StepBatch.of(rows, learner.task_body, learner.device)
    _, action_RE, positive_RR = step_actions(learner.model, batch)
    assert torch.equal(positive_RR, torch.eye(len(action_RE), dtype=torch.bool))


def without_actions(rows: StepTriples, unlabelled: np.ndarray) -> StepTriples:
    chunk = rows.chunk.copy()
    chunk[unlabelled] = np.nan
    return replace(rows, chunk=chunk)


def test_what_nobody_labelled_with_actions_teaches_what_words_mean_and_nothing_else() -> None:
    weights = replace(Weights(), contrast_step=0.5)
    rng = np.random.default_rng(0)
    rows = squares.steps(rng, 6)
    texts = squares.say_all(rng, rows)
    bare = without_actions(rows, np.arange(6) >= 2)
    elsewhere = replace(
        bare,
        goal_point=np.where(np.isnan(bare.chunk[:, :, None, 0, :3]), 9.0, rows.goal_point),
        held=np.where(np.isnan(bare.chunk[..., 0, 0]), ~rows.held, rows.held),
    )
    plain = trainer(replace(ALL, weights=weights)).step(rows, texts).terms
    one = trainer(replace(ALL, weights=weights)).step(bare, texts).terms
    two = trainer(replace(ALL, weights=weights)).step(elsewhere, texts).terms
    assert one == two, "their goal points say nothing"
    assert all(np.isfinite(value) for value in one.values())
    assert {name for name in one if one[name] == plain[name]} >= {"grounding", "hazard"}
    assert one["behaviour"] != plain["behaviour"]


def test_segments_without_actions_keep_their_words() -> None:
    rng = np.random.default_rng(0)
    rows, segments = squares.steps(rng, 4), squares.segments(rng, 8)
    texts, said = squares.say_all(rng, rows), squares.say(rng, segments.meaning)
    knots = segments.knots.copy()
    knots[3:] = np.nan
    bare = replace(segments, knots=knots)
    plain = trainer().step(rows, texts, segments, said).terms
    report = trainer().step(rows, texts, bare, said)
    assert np.isfinite(report.total)
    assert report.terms["contrast_vl"] == plain["contrast_vl"]
    assert report.terms["contrast_la"] != plain["contrast_la"]


def test_where_a_chunk_begins_tells_nothing_about_it() -> None:
    learner = trainer(replace(ALL, weights=replace(Weights(), contrast_step=1.0)))
    rows = squares.steps(np.random.default_rng(0), 5)
    chunk = torch.as_tensor(rows.chunk[:, 0])
    body = torch.zeros(len(chunk), dtype=torch.int64)
    moved = replace(rows, proprio=rows.proprio + 0.1)
    for told in (rows, moved):
        batch = StepBatch.of(told, (0,), torch.device("cpu"))
        alone = learner.model.embed_chunk(chunk, body)
        assert torch.equal(learner.model.embed_chunk(batch.chunk_BGKA[:, 0], batch.body_B), alone)
    assert (alone[0] @ alone[1:].T).max() < 1.0


def test_whatever_wants_the_same_chunk_is_a_positive_in_whichever_picture() -> None:
    learner = trainer(replace(ALL, weights=replace(Weights(), contrast_step=1.0)))
    rows = squares.steps(np.random.default_rng(0), 5)
    texts = squares.say_all(np.random.default_rng(0), rows)
    same = replace(rows, chunk=np.broadcast_to(rows.chunk[:1, :1], rows.chunk.shape).copy())
    assert learner.step(same, texts).terms["contrast_step"] == pytest.approx(0.0, abs=0.05)
