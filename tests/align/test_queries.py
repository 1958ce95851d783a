"""Several queries a sentence: each taught by its own answer, none by what is not there."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor

from tests.align import squares
from vla_sim.align.aims import N_LINES, N_TOLD, Aims, lines, told_of
from vla_sim.align.batch import StepBatch
from vla_sim.align.checkpoint import load_checkpoint, save_checkpoint
from vla_sim.align.encoders.tokenizer import Tokenizer
from vla_sim.align.eye_error import DEVIATION, LARGEST
from vla_sim.align.model import AlignModel, ModelConfig
from vla_sim.align.objective import noisy_aims, policy_terms, rehearsed
from vla_sim.align.trainer import AlignTrainer
from vla_sim.align.trainer_config import TrainerConfig
from vla_sim.records.triple import (
    GRID,
    N_GOALS,
    N_PROPRIO,
    N_QUERIES,
    NEXT,
    PLACE,
    THING,
    StepTriples,
)

DEVICE = torch.device("cpu")


@pytest.fixture(scope="module")
def model() -> AlignModel:
    torch.manual_seed(0)
    built = ModelConfig().build([squares.BODY], Tokenizer.from_corpus(squares.CORPUS)).train()
    torch.nn.init.normal_(built.attention.whereabouts.weight, std=0.1)
    return built


@pytest.fixture(scope="module")
def rows() -> StepTriples:
    """Four moments in which the place of every thing is the next goal's thing, and none is next."""
    some = squares.steps(np.random.default_rng(0), 4)
    columns = {name: getattr(some, name).copy() for name in ("goal_point", "cell", "has_point")}
    for values in columns.values():
        values[:, :, PLACE] = np.roll(values[:, :, THING], 1, axis=1)
    return replace(some, **columns, cell_visible=columns["has_point"].copy())


def terms(model: AlignModel, rows: StepTriples, wanted: str) -> Tensor:
    """One term of the policy's objective."""
    batch = StepBatch.of(rows, [0], DEVICE)
    texts = [text for row in squares.say_all(np.random.default_rng(1), rows) for text in row]
    text_BGD = model.eval().encode_texts(texts).view(len(rows.task), N_GOALS, -1)
    truth = noisy_aims(
        model, batch, noise_BQ=torch.zeros(4, N_QUERIES), generator=torch.Generator()
    )
    told = torch.ones_like(batch.held_BG, dtype=torch.bool)
    map_BSC = model.vision(batch.image_BHWC)
    out = model.act(map_BSC, text_BGD, batch.proprio_BP, batch.body_B, truth=truth, told_BG=told)
    return policy_terms(model, batch, out, {wanted: 1.0})[0][wanted]


def value(model: AlignModel, rows: StepTriples, wanted: str) -> float:
    return terms(model, rows, wanted).item()


def gradients(model: AlignModel, rows: StepTriples, wanted: str) -> list[bool]:
    """Whether the projection of each query learns from a term."""
    weight = model.attention.query.weight
    (gradient,) = torch.autograd.grad(terms(model, rows, wanted), [weight])
    return [bool(part.any()) for part in gradient.chunk(N_QUERIES)]


@pytest.mark.parametrize("wanted", ["goal", "grounding"])
def test_a_query_without_an_answer_learns_nothing(
    model: AlignModel, rows: StepTriples, wanted: str
) -> None:
    assert gradients(model, rows, wanted) == [True, True, False]
    spoilt = replace(rows, goal_point=rows.goal_point.copy(), cell=rows.cell.copy())
    spoilt.goal_point[:, :, NEXT], spoilt.cell[:, :, NEXT] = 7.0, 0.3
    for term in ("goal", "grounding", "behaviour"):
        assert value(model, rows, term) == value(model, spoilt, term)


def test_each_query_is_taught_its_own_answer(model: AlignModel, rows: StepTriples) -> None:
    for query, name in ((THING, "cell"), (PLACE, "cell"), (THING, "goal_point")):
        values = getattr(rows, name).copy()
        values[:, :, query] = values[::-1, :, query]
        term = "grounding" if name == "cell" else "goal"
        changed = replace(rows, **{name: values})
        assert value(model, rows, term) != value(model, changed, term)


def test_whether_there_is_a_point_and_what_is_held_is_learnt(
    model: AlignModel, rows: StepTriples
) -> None:
    for wanted in ("has_point", "held"):
        flag, column = getattr(rows, wanted), wanted
        assert value(model, rows, wanted) > 0.0
        turned = replace(rows, **{column: ~flag})
        assert value(model, rows, wanted) != value(model, turned, wanted)
        assert any(gradients(model, rows, wanted))


def test_the_decoder_hears_what_is_held_and_where_both_ends_are(
    model: AlignModel, rows: StepTriples
) -> None:
    batch = StepBatch.of(rows, [0], DEVICE)
    text_BGD = torch.zeros(4, N_GOALS, model.text.width)

    def heard(told: StepBatch) -> float:
        with torch.no_grad():
            loss, _ = rehearsed(
                model,
                told,
                text_BGD,
                noise_BQ=torch.zeros(4, N_QUERIES),
                generator=torch.Generator(),
            )
        return float(loss)

    moved = batch.goal_BGQ3.clone()
    moved[:, :, PLACE] += 0.1
    let_go, further = replace(batch, held_BG=1 - batch.held_BG), replace(batch, goal_BGQ3=moved)
    assert len({heard(batch), heard(let_go), heard(further)}) == 3


def test_ways_are_as_the_hand_sees_them() -> None:
    """Turning the world and the hand together changes no way; the thing's way to its place too."""
    generator = torch.Generator().manual_seed(0)
    point = torch.randn(5, N_QUERIES, 3, generator=generator)
    has = torch.tensor([[1.0, 1.0, 1.0]]).expand(5, -1)
    proprio = torch.zeros(5, 12)
    proprio[:, :3] = torch.randn(5, 3, generator=generator)
    proprio[:, 3] = 1.0
    held, scale = torch.full((5,), 0.25), torch.full((1, 1), 2.0)
    told = told_of(Aims(point_NQ3=point, has_point_NQ=has, held_N=held), proprio, scale)
    assert told.shape == (5, N_TOLD)
    way = told[:, : 3 * (N_QUERIES + 1)].view(5, -1, 3)
    torch.testing.assert_close(way[:, :N_QUERIES], (point - proprio[:, None, :3]) / 2.0)
    torch.testing.assert_close(way[:, -1], (point[:, PLACE] - point[:, THING]) / 2.0)
    torch.testing.assert_close(told[:, -1], held)
    cos, sin = np.cos(0.7), np.sin(0.7)
    turn = torch.tensor([[cos, sin, 0.0], [-sin, cos, 0.0], [0.0, 0.0, 1.0]], dtype=torch.float32)
    turned = proprio.clone()
    turned[:, :3] = proprio[:, :3] @ turn
    turned[:, 3], turned[:, 4] = cos, sin
    again = told_of(Aims(point_NQ3=point @ turn, has_point_NQ=has, held_N=held), turned, scale)
    torch.testing.assert_close(again, told, atol=1e-5, rtol=1e-5)
    none = has.clone()
    none[:, PLACE] = 0.0
    alone = told_of(Aims(point_NQ3=point, has_point_NQ=none, held_N=held), proprio, scale)
    left = alone[:, : 3 * (N_QUERIES + 1)].view(5, -1, 3)
    assert not left[:, PLACE].any() and not left[:, -1].any() and left[:, THING].all()


def test_the_noise_can_follow_the_eyes_own_error(rows: StepTriples) -> None:
    """A running mean per body and query; what has no point is not counted; kept over a resume."""
    config = TrainerConfig(rehearsal_noise=None)
    learner = AlignTrainer(
        config, corpus=squares.CORPUS, bodies=[squares.BODY], task_body=[0], seed=0
    )
    batch, error = StepBatch.of(rows, [0], DEVICE), learner.forcing.eye_error
    norm = learner.model.normaliser
    truth_BGQ3 = norm.scaled(batch.goal_BGQ3, batch.body_B)
    off = torch.tensor([0.02, 0.05, 9.0])[:, None]
    for _ in range(2_000):
        error.see(norm, batch, truth_BGQ3 + off)
    expected = torch.tensor([0.02 * DEVIATION, 0.05 * DEVIATION, LARGEST])
    torch.testing.assert_close(error.deviation(batch.body_B), expected.expand(4, -1))
    again = AlignTrainer(
        config, corpus=squares.CORPUS, bodies=[squares.BODY], task_body=[0], seed=1
    )
    again.load_state(learner.state())
    torch.testing.assert_close(again.forcing.eye_error.mean_MQ, error.mean_MQ)
    texts = squares.say_all(np.random.default_rng(1), rows)
    assert again.step(rows, texts) == learner.step(rows, texts)


def test_lines_tell_where_the_hand_is_behind_a_thing() -> None:
    """Along and aside of the way from the thing to its place, whichever way that points."""
    scale = torch.full((1, 1), 0.5)
    for angle in (0.0, 0.9, 2.5, -1.7):
        along = torch.tensor([np.cos(angle), np.sin(angle), 0.0], dtype=torch.float32)
        aside = torch.stack((-along[1], along[0], along[2]))
        point = torch.zeros(1, N_QUERIES, 3)
        point[:, PLACE] = 0.2 * along
        proprio = torch.zeros(1, 12)
        proprio[:, :3] = -0.07 * along - 0.03 * aside  # behind the thing, a little aside
        proprio[:, 3] = 1.0
        has = torch.tensor([[1.0, 1.0, 0.0]])
        told = told_of(Aims(point_NQ3=point, has_point_NQ=has, held_N=has[:, 0]), proprio, scale)
        on, next_ = lines(told).view(2, -1)
        short = 0.4 / (0.4 + 0.02)  # of a unit vector
        torch.testing.assert_close(on[:2], short * along[:2])
        torch.testing.assert_close(on[2:4], short * torch.tensor([0.14, 0.06]))
        assert not next_.any(), "where nothing comes next, there is no line to it"


def test_a_deeper_decoder_that_hears_lines_is_kept_and_read_again(tmp_path: Path) -> None:
    tokenizer = Tokenizer.from_corpus(squares.CORPUS)
    plain, built = (
        ModelConfig(lines=hears, decoder_layers=layers).build([squares.BODY], tokenizer).eval()
        for hears, layers in ((False, 2), (True, 3))
    )
    save_checkpoint(tmp_path / "kept", built, task_body=[0])
    again = load_checkpoint(tmp_path / "kept").model
    moment = (torch.zeros(1, GRID * GRID), torch.zeros(1, 2, built.text.width))
    aims = Aims(
        point_NQ3=torch.rand(1, 2, N_QUERIES, 3),
        has_point_NQ=torch.ones(1, 2, N_QUERIES),
        held_N=torch.zeros(1, 2),
    )
    body = (torch.eye(1, N_PROPRIO), torch.zeros(1, dtype=torch.int64))
    with torch.no_grad():
        first, second = (model.decode(aims, *moment, *body)[0] for model in (built, again))
    assert torch.equal(first, second)
    first_layer = "decoder.mlps.0.0.weight"
    heard, unheard = (model.state_dict()[first_layer].shape[1] for model in (built, plain))
    assert heard - unheard == N_LINES
    hidden = [
        sum(name.endswith("weight") for name in model.decoder.state_dict()) - 1
        for model in (plain, built)
    ]
    assert hidden == [2, 3]
