"""Laws of fusions: shapes, no row knows its neighbours, and what each of them promises."""

import math

import pytest
import torch
from torch import Tensor

from tests.align import squares
from tests.align.square_trainer import one_step, trainer
from vla_sim.align.curriculum import CurriculumConfig
from vla_sim.align.fusion.film import FilmConfig
from vla_sim.align.fusion.fusion import FusionSizes, Moment
from vla_sim.align.fusion.gate import GateConfig, entropy, least_share
from vla_sim.align.fusion.table import FUSIONS, FusionConfig, fusion_name
from vla_sim.align.model import ModelConfig
from vla_sim.align.objective import Weights
from vla_sim.align.trainer_config import TrainerConfig
from vla_sim.errors import BadConfig

SIZES = FusionSizes(n_map=6, n_text=5, n_known=4, n_state=7, hidden=16, n_embed=8)
B, G, S = 3, 2, 9


def moment(seed: int = 0) -> Moment:
    generator = torch.Generator().manual_seed(seed)

    def draw(*shape: int) -> Tensor:
        return torch.randn(shape, generator=generator)

    return Moment(
        map_BSC=draw(B, S, SIZES.n_map).relu(),
        text_BGD=draw(B, G, SIZES.n_text),
        known_BK=draw(B, SIZES.n_known),
        state_BGX=draw(B, G, SIZES.n_state),
    )


@pytest.mark.parametrize(("name", "config"), FUSIONS.items())
def test_a_state_is_of_its_own_picture_and_sentence(name: str, config: FusionConfig) -> None:
    torch.manual_seed(0)
    fusion, given = config.build(SIZES), moment()
    states_BGE = fusion(given)
    assert states_BGE.shape == (B, G, SIZES.n_embed)
    second = Moment(**{key: value[1:2] for key, value in vars(given).items()})
    torch.testing.assert_close(fusion(second), states_BGE[1:2])
    assert fusion_name(config) == name


@pytest.mark.parametrize("name", FUSIONS)
def test_it_is_taught_by_the_alignment_of_steps(name: str) -> None:
    nothing_else = dict.fromkeys(vars(Weights()), 0.0) | {"contrast_step": 1.0}
    config = TrainerConfig(
        model=ModelConfig(fusion=FUSIONS[name], hidden=64, n_embed=32),
        weights=Weights(**nothing_else),
        curriculum=CurriculumConfig(first="all"),
    )
    learner = trainer(config)
    losses, untaught = [], dict(learner.model.fusion.named_parameters())
    for seed in range(24):
        losses.append(one_step(learner, seed).terms["contrast_step"])
        taught = {n for n, p in untaught.items() if p.grad is not None and p.grad.any()}
        untaught = {n: p for n, p in untaught.items() if n not in taught}
    assert sum(losses[-6:]) < sum(losses[:6])
    assert not untaught


def test_film_begins_with_the_picture_as_it_is_and_then_follows_the_words() -> None:
    film, given = FilmConfig().build(SIZES), moment()
    before_BGSC = film.modulated(given.map_BSC, given.text_BGD)
    assert torch.equal(before_BGSC, given.map_BSC.unsqueeze(1).expand(-1, G, -1, -1))
    torch.nn.init.normal_(film.modulation.weight)
    after_BGSC = film.modulated(given.map_BSC, given.text_BGD)
    assert not torch.allclose(after_BGSC[:, 0], after_BGSC[:, 1])


@pytest.mark.parametrize("floor", [0.0, 0.2, math.log(2.0)])
def test_a_gate_is_never_surer_than_its_floor(floor: float) -> None:
    gate = GateConfig(entropy_floor=floor).build(SIZES)
    torch.nn.init.constant_(gate.gate.bias, 90.0)  # all it could want is the picture
    share = gate.shares(torch.zeros(1, 1, SIZES.n_embed), torch.zeros(1, 1, SIZES.n_embed))
    assert all(entropy(p) == pytest.approx(floor, abs=1e-5) for p in share.flatten().tolist())
    assert entropy(least_share(floor)) == pytest.approx(floor, abs=1e-9)


def test_a_floor_that_no_gate_could_keep_is_refused() -> None:
    with pytest.raises(BadConfig, match=r"entropy_floor is 0\.8"):
        GateConfig(entropy_floor=0.8)


def test_late_fusion_is_the_middle_of_two_points_on_the_sphere() -> None:
    late, given = FUSIONS["late"].build(SIZES), moment()
    assert (late(given).norm(dim=-1) <= 1.0 + 1e-6).all()


def test_the_state_of_a_model_is_on_the_sphere() -> None:
    model = trainer().model
    rows = torch.zeros(2, 64, 64, 3, dtype=torch.uint8)
    text_BGD = model.encode_texts(squares.CORPUS[:4]).view(2, 2, -1)
    proprio = torch.zeros(2, len(model.normaliser.proprio_scale_MP[0]))
    out = model.act(model.vision(rows), text_BGD, proprio, torch.zeros(2, dtype=torch.int64))
    z_BGE = model.embed_state(out.moment)
    torch.testing.assert_close(z_BGE.norm(dim=-1), torch.ones(2, 2))
