"""Laws of proposing: candidates beside each other, decided by the space, whatever the batch."""

import numpy as np
import pytest
import torch

from tests.align import squares
from vla_sim.align.chunk_index import ChunkIndex
from vla_sim.align.inference import BLOCK, ModelPolicyCore
from vla_sim.align.objective import Weights
from vla_sim.align.proposing import propose
from vla_sim.align.trainer import AlignTrainer
from vla_sim.align.trainer_config import TrainerConfig
from vla_sim.errors import BadConfig
from vla_sim.records.proposals import Floats, Proposals
from vla_sim.records.triple import CHUNK_SIZE, N_ACT, N_QUERIES, StepTriples

N = 33
N_WORDS = 3
SWITCHED = np.arange(N_ACT) == N_ACT - 1


@pytest.fixture(scope="module")
def core() -> ModelPolicyCore:
    torch.set_num_threads(1)
    learner = AlignTrainer(
        TrainerConfig(weights=Weights(contrast_step=1.0)),
        corpus=squares.CORPUS,
        bodies=[squares.BODY],
        task_body=[0],
        seed=0,
    )
    rng = np.random.default_rng(0)
    for _ in range(6):
        rows = squares.steps(rng, 8)
        learner.step(rows, squares.say_all(rng, rows))
    return ModelPolicyCore(learner.model)


@pytest.fixture(scope="module")
def rows() -> StepTriples:
    return squares.steps(np.random.default_rng(1), N)


WORDS = [[squares.CORPUS[(i + k) % len(squares.CORPUS)] for k in range(N_WORDS)] for i in range(N)]


def proposed(
    core: ModelPolicyCore, rows: StepTriples, pick: np.ndarray, guidance: float = 1.0
) -> Proposals:
    return propose(
        core,
        rows.image[pick],
        rows.proprio[pick],
        [WORDS[i] for i in pick],
        0,
        guidance=guidance,
    )


@pytest.mark.parametrize("batch", [1, 7, BLOCK])
@pytest.mark.parametrize("guidance", [1.0, 1.5])
def test_a_row_does_not_depend_on_its_batch(
    core: ModelPolicyCore, rows: StepTriples, batch: int, guidance: float
) -> None:
    whole = proposed(core, rows, np.arange(N), guidance)
    order = np.random.default_rng(batch).permutation(N)
    for first in range(0, N, batch):
        pick = order[first : first + batch]
        part = proposed(core, rows, pick, guidance)
        for name, value in vars(part).items():
            assert np.array_equal(value, getattr(whole, name)[pick]), name
        assert np.array_equal(part.agreed(SWITCHED), whole.agreed(SWITCHED)[pick])


def test_the_first_wordings_chunk_is_the_policys(core: ModelPolicyCore, rows: StepTriples) -> None:
    found = proposed(core, rows, np.arange(N))
    alone = core.decide(rows.image, rows.proprio, [words[0] for words in WORDS], 0)
    np.testing.assert_allclose(found.chunk[:, 0], alone.chunk, atol=1e-5)
    assert found.chunk.shape == (N, N_WORDS, CHUNK_SIZE, N_ACT)
    for vectors in (found.state, found.action):
        np.testing.assert_allclose(np.linalg.norm(vectors, axis=-1), 1.0, rtol=1e-5)
    anywhere = np.tile(np.array(squares.BODY.proprio_centre, dtype=np.float32), (N, 1))
    own = core.embed_actions(
        found.chunk[:, 1], np.full(N, CHUNK_SIZE * squares.ROBOT.control_dt_s), anywhere, 0
    )
    np.testing.assert_allclose(found.action[:, 1], own, atol=1e-5)


def test_guidance_leads_away_from_saying_nothing(core: ModelPolicyCore, rows: StepTriples) -> None:
    pick = np.arange(6)
    plain = proposed(core, rows, pick).chunk[:, 0]
    nothing = core.decide(rows.image[pick], rows.proprio[pick], [""] * 6, 0).chunk
    np.testing.assert_allclose(proposed(core, rows, pick, 0.0).chunk[:, 0], nothing, atol=1e-5)
    led = proposed(core, rows, pick, 1.5).chunk[:, 0]
    np.testing.assert_allclose(led, np.clip(nothing + 1.5 * (plain - nothing), -1, 1), atol=1e-5)


def test_a_chunk_is_judged_as_it_is_run(core: ModelPolicyCore, rows: StepTriples) -> None:
    found = proposed(core, rows, np.arange(N), guidance=50.0)
    assert (np.abs(found.chunk) == 1.0).any(), "beyond the range"
    chunk_BKA = torch.as_tensor(found.chunk[:, 0])
    with core.evaluating():
        lies = core.model.embed_chunk(chunk_BKA, torch.zeros(N, dtype=torch.int64))
    np.testing.assert_allclose(found.action[:, 0], lies.numpy(), atol=1e-5)


def lying(chunk: Floats, place: Floats, asked: Floats) -> Proposals:
    """Proposals of one component, with their places and where the moment is asked for."""
    return Proposals(
        chunk=chunk.reshape(1, -1, 1, chunk.shape[-1]),
        action=place[None],
        state=asked[None],
        attention=np.zeros((1, len(place), N_QUERIES, 1, 1), np.float32),
        peak=np.zeros((1, len(place), N_QUERIES), np.float32),
    )


def test_what_most_wordings_ask_for_is_run_and_the_misread_one_is_outvoted() -> None:
    east, north = np.eye(2, dtype=np.float32)
    places = np.stack((north, east, east))
    found = lying(np.array([[-1.0], [0.4], [0.6]], np.float32), places, places)
    assert found.agreed(np.array([False]))[0, 0, 0] == pytest.approx(0.5)


def test_proposals_that_are_alike_are_the_proposal_whatever_their_number() -> None:
    east = np.eye(2, dtype=np.float32)[:1]
    chunk = np.array([[0.3, -0.7]], np.float32)
    many = lying(np.repeat(chunk, 8, 0), np.repeat(east, 8, 0), np.repeat(east, 8, 0))
    np.testing.assert_allclose(many.agreed(np.array([False, True]))[0, 0], chunk[0], atol=1e-7)


def test_of_what_is_switched_no_mean_is_taken() -> None:
    east, beside = np.array([[1.0, 0.0], [0.9999, 0.0141]], np.float32)
    chunk = np.array([[0.4, 1.0], [0.6, -1.0]], np.float32)
    found = lying(chunk, np.stack((east, beside)), np.stack((east, east)))
    led, gripper = found.agreed(np.array([False, True]))[0, 0]
    assert 0.49 < led < 0.51 and gripper == 1.0


def test_an_index_finds_the_chunk_whose_vector_is_asked_for(
    core: ModelPolicyCore, rows: StepTriples
) -> None:
    index = ChunkIndex.of(core, rows.chunk[:, 0], 0)
    assert len(index) == N
    index.sharpness = 1e4
    found = index.nearest(core, index.key_NE.numpy())
    np.testing.assert_allclose(found, rows.chunk[:, 0], atol=1e-3)
    part = index.nearest(core, index.key_NE.numpy()[3:5])
    assert np.array_equal(part, found[3:5])


def test_bad_input(core: ModelPolicyCore, rows: StepTriples) -> None:
    with pytest.raises(BadConfig, match="equally many wordings"):
        propose(core, rows.image[:2], rows.proprio[:2], [["go"], ["go", "到"]], 0)
    with pytest.raises(BadConfig, match="without rows"):
        ChunkIndex.of(core, rows.chunk[:0, 0], 0)
