"""Laws of fusions that learn something of their own: experts, mixtures and codes in training."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from scipy.stats import norm

from tests.align import squares
from tests.align.square_trainer import one_step, trainer
from tests.align.test_fusion import SIZES, B, G, moment
from vla_sim.align.checkpoint import load_checkpoint, save_checkpoint
from vla_sim.align.curriculum import CurriculumConfig
from vla_sim.align.fusion.codebook import CodebookConfig, FsqConfig, SharedCodebook
from vla_sim.align.fusion.moe import Moe, MoeConfig, balance_loss
from vla_sim.align.fusion.poe import Poe, PoeConfig, product
from vla_sim.align.fusion.table import FUSIONS
from vla_sim.align.model import ModelConfig
from vla_sim.align.objective import GROUPS, LossReport, Weights
from vla_sim.align.reconciling.table import RECONCILERS
from vla_sim.align.trainer import AlignTrainer
from vla_sim.align.trainer_config import TrainerConfig
from vla_sim.errors import BadConfig, LossNotFinite

SMALL = {
    **FUSIONS,
    "codebook": CodebookConfig(n_codes=32, n_side=4),
    "fsq": FsqConfig(n_side=4),
}
ITS_OWN = {
    "poe": {"fusion_calibration"},
    "moe": {"fusion_balance"},
    "codebook": {"fusion_commitment"},
}


def told(name: str, **changes: object) -> TrainerConfig:
    return replace(
        TrainerConfig(
            model=ModelConfig(fusion=SMALL[name], hidden=64, n_embed=32),
            weights=Weights(contrast_step=1.0),
            curriculum=CurriculumConfig(first="all"),
        ),
        **changes,  # type: ignore[arg-type]
    )


def actions(n: int, seed: int = 7) -> torch.Tensor:
    made = torch.randn((n, SIZES.n_embed), generator=torch.Generator().manual_seed(seed))
    return torch.nn.functional.normalize(made, dim=-1)


def test_the_product_is_that_of_the_densities() -> None:
    means, log_variances = (0.8, -0.3), (-1.6, 0.5)
    grid = np.linspace(-8, 8, 16_001)
    density = norm.pdf(grid)  # the prior expert
    for mean, log_variance in zip(means, log_variances, strict=True):
        density = density * norm.pdf(grid, mean, np.exp(0.5 * log_variance))
    density /= density.sum()
    centre = (grid * density).sum()
    made = product(
        [torch.tensor(value, dtype=torch.float64) for value in means],
        [torch.tensor(value, dtype=torch.float64) for value in log_variances],
    )
    assert made[0].item() == pytest.approx(centre, abs=1e-9)
    assert made[1].item() == pytest.approx(((grid - centre) ** 2 * density).sum(), abs=1e-9)


def test_an_expert_comes_to_claim_the_variance_that_it_has() -> None:
    """Of two means one lies near the truth and one far: claims follow, whoever claimed what."""
    fusion, given = PoeConfig().build(SIZES), moment()
    with torch.no_grad():
        fusion.doubt_of_picture.bias.fill_(-2.0)  # sure of itself
        fusion.doubt_of_words.bias.fill_(2.0)
    near_RE = fusion.halves(given)[1].detach().flatten(0, 1)  # where the words' expert is
    target_RE = torch.nn.functional.normalize(near_RE + 0.3 * actions(B * G), dim=-1)
    real_R = torch.ones(B * G, dtype=torch.bool)
    biases = (fusion.doubt_of_picture.bias, fusion.doubt_of_words.bias)
    optimiser = torch.optim.LBFGS(biases, max_iter=40, line_search_fn="strong_wolfe")

    def loss() -> float:
        optimiser.zero_grad()
        term = fusion.taught(given, real_R, target_RE).terms["fusion_calibration"]
        term.backward()  # type: ignore[no-untyped-call]
        return term.item()

    optimiser.step(loss)  # type: ignore[no-untyped-call]
    means, log_variances = fusion.experts(given)
    for mean, log_variance in zip(means, log_variances, strict=True):
        gap_RE = mean.flatten(0, 1) - target_RE
        error_E = SIZES.n_embed * gap_RE.square().mean(0)
        inside_E = (error_E > 2.0 * np.exp(fusion.low)) & (error_E < 0.5 * np.exp(fusion.high))
        assert inside_E.sum() > SIZES.n_embed / 2
        claimed_E = log_variance[0, 0].exp()
        torch.testing.assert_close(claimed_E[inside_E], error_E[inside_E], rtol=0.05, atol=0.0)
    assert log_variances[1].mean() < log_variances[0].mean(), "the over-confident one gave in"


def test_the_alignment_does_not_reach_what_an_expert_claims() -> None:
    fusion = PoeConfig().build(SIZES)
    fused = fusion.taught(moment(), torch.ones(B * G, dtype=torch.bool), actions(B * G))
    fused.state_BGE.square().sum().backward()  # type: ignore[no-untyped-call]
    assert fusion.doubt_of_words.weight.grad is None
    assert fusion.halves.words[0].weight.grad is not None
    fused.terms["fusion_calibration"].backward()  # type: ignore[no-untyped-call]
    assert fusion.doubt_of_words.weight.grad is not None
    assert fused.terms["fusion_calibration"] >= 0.0


def test_claims_stay_within_their_bounds() -> None:
    fusion = PoeConfig(least_log_variance=-1.0, most_log_variance=0.5).build(SIZES)
    torch.nn.init.normal_(fusion.doubt_of_words.weight, std=50.0)
    _, log_variances = fusion.experts(moment())
    assert all(v.min() >= -1.0 and v.max() <= 0.5 for v in log_variances)


def test_load_is_balanced_where_all_are_asked_alike() -> None:
    even = torch.full((4,), 0.25)
    assert balance_loss(even, even) == pytest.approx(1.0)
    one = torch.tensor([1.0, 0.0, 0.0, 0.0])
    assert balance_loss(one, one) == pytest.approx(4.0)


def test_a_mixture_asks_as_many_as_it_is_told_and_their_shares_add_up() -> None:
    fusion = MoeConfig(n_experts=5, n_asked=2).build(SIZES)
    for expert in fusion.experts:
        last = expert.get_submodule("2")
        assert isinstance(last, torch.nn.Linear)
        torch.nn.init.zeros_(last.weight)
        torch.nn.init.ones_(last.bias)
    torch.testing.assert_close(fusion(moment()), torch.ones(B, G, SIZES.n_embed))
    fused = fusion.taught(moment(), torch.ones(B * G, dtype=torch.bool), actions(B * G))
    assert 2.0 - 1e-5 <= fused.watched["moe/experts_used"] <= 5.0


def test_a_router_that_asks_always_the_same_is_brought_back() -> None:
    fusion, real_R = MoeConfig().build(SIZES), torch.ones(16 * G, dtype=torch.bool)
    with torch.no_grad():
        fusion.router.bias.add_(torch.tensor([3.0, 3.0, 0.0, 0.0]))
    drawn = [moment(seed) for seed in range(16)]
    given = replace(
        drawn[0], **{k: torch.cat([getattr(m, k)[:1] for m in drawn]) for k in vars(drawn[0])}
    )
    optimiser = torch.optim.Adam(fusion.router.parameters(), lr=0.05)
    used = []
    for _ in range(80):
        optimiser.zero_grad()
        fused = fusion.taught(given, real_R, actions(16 * G))
        fused.terms["fusion_balance"].backward()  # type: ignore[no-untyped-call]
        optimiser.step()
        fusion.settle(torch.Generator())
        used.append(float(fused.watched["moe/experts_used"]))
    assert used[0] < 2.5 and used[-1] > 3.5


def test_padding_counts_for_nothing_in_what_a_fusion_learns_by_itself() -> None:
    given, other = moment(), moment(1)
    real_R = torch.tensor([True, False] * B)
    text_BGD = given.text_BGD.clone()
    text_BGD[:, 1] = other.text_BGD[:, 1]
    padded = replace(given, text_BGD=text_BGD)
    for name in ("poe", "moe", "codebook", "fsq"):
        torch.manual_seed(0)
        fusion = SMALL[name].build(SIZES)
        one, two = (fusion.taught(m, real_R, actions(B)) for m in (given, padded))
        assert one.terms == two.terms and one.watched == two.watched, name


@pytest.mark.parametrize("name", ["poe", "moe", "codebook", "fsq"])
def test_what_a_fusion_learns_by_itself_is_in_the_log_and_in_the_groups(name: str) -> None:
    learner = trainer(told(name))
    report = one_step(learner, 0)
    its_own = ITS_OWN.get(name, set())
    assert {term for term in report.terms if term.startswith("fusion_")} == its_own
    assert its_own == set(learner.model.fusion.weights) and its_own <= set(GROUPS["alignment"])
    assert all(np.isfinite(report.terms[term]) for term in its_own)
    without = trainer(told(name, weights=Weights()))
    assert not any(term.startswith("fusion_") for term in one_step(without, 0).terms)
    if name in ("codebook", "fsq"):
        assert {"codes/perplexity_picture", "codes/used_words", "codes/divergence"} <= set(
            report.report
        )


@pytest.mark.parametrize("reconciling", ["fixed", "pcgrad"])
@pytest.mark.parametrize("name", ["moe", "codebook"])
def test_a_resumed_run_has_the_same_codes_and_losses(name: str, reconciling: str) -> None:
    config = told(name, reconciling=RECONCILERS[reconciling])
    learner = trainer(config)
    for seed in range(3):
        one_step(learner, seed)
    state = learner.state()

    def go_on(run: AlignTrainer) -> list[LossReport]:
        return [one_step(run, seed) for seed in range(3, 6)]

    resumed = trainer(config, seed=77)
    resumed.load_state(state)
    expected = go_on(learner)
    assert go_on(resumed) == expected
    held, again = (run.model.fusion.state_dict() for run in (learner, resumed))
    assert all(torch.equal(held[key], again[key]) for key in held)


def test_a_checkpoint_holds_codes_and_their_use(tmp_path: Path) -> None:
    for name in ("codebook", "fsq", "moe", "poe"):
        learner = trainer(told(name))
        for seed in range(2):
            one_step(learner, seed)
        save_checkpoint(tmp_path / name, learner.model, task_body=[0])
        held = load_checkpoint(tmp_path / name).model
        assert held.config == learner.model.config
        for key, value in learner.model.fusion.state_dict().items():
            assert torch.equal(held.fusion.state_dict()[key], value), key


def test_an_update_that_is_given_up_moves_no_code() -> None:
    learner = trainer(told("codebook"))
    one_step(learner, 0)
    before = {k: v.clone() for k, v in learner.model.fusion.state_dict().items()}
    rows = squares.steps(np.random.default_rng(1), 4)
    chunk = rows.chunk.copy()
    chunk[0, 0, 0, 0] = np.nan
    with pytest.raises(LossNotFinite):
        learner.step(replace(rows, chunk=chunk), squares.say_all(np.random.default_rng(1), rows))
    after = learner.model.fusion.state_dict()
    assert all(torch.equal(after[key], value) for key, value in before.items())


def test_a_model_at_work_moves_no_code() -> None:
    fusion = SMALL["codebook"].build(SIZES)
    assert isinstance(fusion, SharedCodebook)
    before = {k: v.clone() for k, v in fusion.state_dict().items()}
    fusion.eval()
    fusion.taught(moment(), torch.ones(B * G, dtype=torch.bool), actions(B * G))
    fusion(moment())
    fusion.settle(torch.Generator())
    assert all(torch.equal(v, before[k]) for k, v in fusion.state_dict().items())


@pytest.mark.parametrize("name", ["codebook", "fsq"])
def test_a_codebook_with_a_tower_that_never_learns_is_refused(name: str) -> None:
    for tower in ("vision", "text"):
        with pytest.raises(BadConfig, match=f"freeze names '{tower}', and fusion '{name}'"):
            told(name, freeze=(tower,))
    with pytest.raises(BadConfig, match=f"freeze_text_after is 0.*fusion '{name}'"):
        told(name, freeze_text_after=0.0)
    told(name, freeze=("clip",))


def test_codes_that_only_follow_need_no_tower_that_learns() -> None:
    model = ModelConfig(fusion=CodebookConfig(commitment=0.0))
    assert told("codebook", model=model, freeze=("vision",)).freeze == ("vision",)


def test_experts_with_impossible_settings_are_refused() -> None:
    with pytest.raises(BadConfig, match=r"least_log_variance is 0\.5; use less than 0"):
        PoeConfig(least_log_variance=0.5)
    with pytest.raises(BadConfig, match="calibration is 0"):
        PoeConfig(calibration=0.0)
    with pytest.raises(BadConfig, match="n_asked is 5 of n_experts = 4"):
        MoeConfig(n_asked=5)
    assert isinstance(PoeConfig().build(SIZES), Poe) and isinstance(MoeConfig().build(SIZES), Moe)
