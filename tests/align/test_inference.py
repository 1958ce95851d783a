"""Laws of inference: unit vectors, limits kept, and no row depends on its neighbours."""

import numpy as np
import pytest
import torch

from tests.align import squares
from vla_sim.align.inference import BLOCK, Decision, ModelPolicyCore
from vla_sim.align.trainer import AlignTrainer
from vla_sim.align.trainer_config import TrainerConfig
from vla_sim.errors import BadConfig
from vla_sim.records.triple import CHUNK_SIZE, GRID, N_ACT, StepTriples

N = 64


@pytest.fixture(scope="module")
def core() -> ModelPolicyCore:
    torch.set_num_threads(1)
    learner = AlignTrainer(
        TrainerConfig(), corpus=squares.CORPUS, bodies=[squares.BODY], task_body=[0], seed=0
    )
    rng = np.random.default_rng(0)
    for _ in range(6):  # so that biases and the like are no longer zero
        rows = squares.steps(rng, 8)
        learner.step(rows, squares.say_all(rng, rows))
    return ModelPolicyCore(learner.model)


@pytest.fixture(scope="module")
def rows() -> StepTriples:
    return squares.steps(np.random.default_rng(1), N)


TEXTS = [squares.CORPUS[i % len(squares.CORPUS)] for i in range(N)]


def decide(core: ModelPolicyCore, rows: StepTriples, pick: np.ndarray) -> Decision:
    told = [TEXTS[i] for i in pick]
    return core.decide(rows.image[pick], rows.proprio[pick], told, 0)


@pytest.mark.parametrize("batch", [1, 7, BLOCK, 33])
def test_a_row_does_not_depend_on_its_batch(
    core: ModelPolicyCore, rows: StepTriples, batch: int
) -> None:
    whole = decide(core, rows, np.arange(N))
    core.refresh()
    for first in range(0, N, batch):
        pick = np.arange(first, min(first + batch, N))
        part = decide(core, rows, pick)
        for name, value in vars(part).items():
            assert np.array_equal(value, getattr(whole, name)[pick]), name


def test_a_row_does_not_depend_on_its_place(core: ModelPolicyCore, rows: StepTriples) -> None:
    whole = decide(core, rows, np.arange(N))
    for shift in range(1, BLOCK):
        pick = np.roll(np.arange(N), shift)
        moved = decide(core, rows, pick)
        for name, value in vars(moved).items():
            assert np.array_equal(value, getattr(whole, name)[pick]), name


def test_a_row_does_not_depend_on_the_threads(core: ModelPolicyCore, rows: StepTriples) -> None:
    one = decide(core, rows, np.arange(N))
    torch.set_num_threads(2)
    try:
        two = decide(core, rows, np.arange(N))
    finally:
        torch.set_num_threads(1)
    assert np.array_equal(one.chunk, two.chunk)


def test_shapes_and_limits(core: ModelPolicyCore, rows: StepTriples) -> None:
    decision = decide(core, rows, np.arange(5))
    assert decision.chunk.shape == (5, CHUNK_SIZE, N_ACT)
    assert decision.chunk.dtype == np.float32
    assert np.abs(decision.chunk).max() <= 1.0
    assert not decision.chunk[..., squares.BODY.n_act :].any()
    assert decision.attention.shape == (5, GRID, GRID)
    np.testing.assert_allclose(decision.attention.sum((1, 2)), 1.0, rtol=1e-4)
    unpadded = rows.proprio[:5, : squares.BODY.n_proprio]
    same = core.chunk(rows.image[:5], unpadded, TEXTS[:5], np.zeros(5, dtype=np.int64))
    assert np.array_equal(same, decision.chunk)
    assert core.chunk(rows.image[:0], rows.proprio[:0], [], 0).shape == (0, CHUNK_SIZE, N_ACT)


def test_embeddings_are_unit_vectors(core: ModelPolicyCore) -> None:
    segments = squares.segments(np.random.default_rng(0), 5)
    clips = core.embed_clips(segments.clip, segments.clip_time_s)
    texts = core.embed_texts(["", "go to the red square", "到红色方块", "unheard of"])
    actions = core.embed_actions(segments.knots, segments.duration_s, segments.start, 0)
    for vectors in (clips, texts, actions):
        assert vectors.shape[1] == core.model.config.n_embed
        np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1.0, rtol=1e-5)


def test_the_models_mode_and_weights_are_left_alone(
    core: ModelPolicyCore, rows: StepTriples
) -> None:
    core.model.train()
    before = [p.clone() for p in core.model.parameters()]
    decision = decide(core, rows, np.arange(3))
    assert core.model.training
    core.model.eval()
    assert np.array_equal(decide(core, rows, np.arange(3)).chunk, decision.chunk)
    assert all(torch.equal(a, b) for a, b in zip(before, core.model.parameters(), strict=True))


def test_bad_input(core: ModelPolicyCore, rows: StepTriples) -> None:
    with pytest.raises(BadConfig, match="instructions"):
        core.chunk(rows.image[:2], rows.proprio[:2], ["go"], 0)
    with pytest.raises(BadConfig, match="proprioception"):
        core.chunk(rows.image[:1], np.zeros((1, 99), dtype=np.float32), ["go"], 0)
    with pytest.raises(BadConfig, match="pictures of shape"):
        core.chunk(rows.image[:1, :32], rows.proprio[:1], ["go"], 0)
    with pytest.raises(BadConfig, match="clips of shape"):
        core.embed_clips(rows.image[:4], np.zeros((4, 4), dtype=np.float32))
