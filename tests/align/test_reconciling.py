"""Laws of reconcilers: what reaches towers and heads, and what is refused."""

from dataclasses import replace
from math import log

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from tests.align.square_trainer import ALL, one_step, trainer
from vla_sim.align.fusion.codebook import COMMITMENT
from vla_sim.align.fusion.moe import BALANCE
from vla_sim.align.fusion.poe import CALIBRATION
from vla_sim.align.model import ModelConfig
from vla_sim.align.objective import GROUPS, Weights
from vla_sim.align.reconciling.conflict_free import ConflictFreeConfig
from vla_sim.align.reconciling.fixed import FixedConfig
from vla_sim.align.reconciling.gradnorm import N_FIRST, GradNorm, GradNormConfig
from vla_sim.align.reconciling.losses import StepLosses, gramian
from vla_sim.align.reconciling.pcgrad import PcgradConfig, pcgrad
from vla_sim.align.reconciling.reconciler import ReconcilerConfig
from vla_sim.align.reconciling.table import RECONCILERS, reconciler_name
from vla_sim.align.reconciling.uncertainty import UncertaintyConfig
from vla_sim.align.supervision.config import SupervisionConfig
from vla_sim.align.trainer_config import TrainerConfig
from vla_sim.errors import BadConfig, UnknownName

GROUPED = {"one": ("a",), "two": ("b", "c")}


class Toy:
    """A tower of one matrix, and three losses that want different things of its output."""

    def __init__(self) -> None:
        generator = torch.Generator().manual_seed(0)
        self.tower = nn.Parameter(torch.randn(5, 4, generator=generator))
        self.head = nn.Parameter(torch.randn(4, generator=generator))
        self.seen = torch.randn(6, 5, generator=generator)
        self.wants = {name: torch.randn(6, generator=generator) for name in "ab"}

    def terms(self, z: Tensor) -> dict[str, Tensor]:
        said = z @ self.head
        terms = {name: (said - want).square().mean() for name, want in self.wants.items()}
        return terms | {"c": (said + 3.0 * self.wants["a"]).square().mean()}

    def parameters(self) -> list[nn.Parameter]:
        return [self.tower, self.head]

    def gradients_of(self, names: tuple[str, ...]) -> list[Tensor]:
        """By a backward of its own, through everything."""
        terms = self.terms(self.seen @ self.tower)
        return list(torch.autograd.grad(sum(terms[name] for name in names), self.parameters()))  # type: ignore[arg-type]

    def reconciled(self, config: ReconcilerConfig) -> tuple[Tensor, Tensor, Tensor]:
        """Gradients of tower and head, and dL/dz of each row, by a reconciler."""
        reconciler = config.build(GROUPED)
        z = self.seen @ self.tower
        leaf = z.detach().requires_grad_() if reconciler.cuts("abc") else z
        terms = self.terms(leaf)
        parts = list(reconciler.parts("abc").values())
        rows = torch.stack(
            [
                torch.autograd.grad(sum(terms[n] for n in part), leaf, retain_graph=True)[0]  # type: ignore[arg-type]
                for part in parts
            ]
        ).flatten(1)
        weights = reconciler.weights(dict.fromkeys("abc", 1.0))
        for parameter in self.parameters():
            parameter.grad = None
        reconciler.backward(
            StepLosses.of(terms, weights, shared=[z], leaves=[leaf], parameters=self.parameters()),
            values={name: float(term.detach()) for name, term in terms.items()},
            chance={},
            n_steps=0,
            generator=torch.Generator().manual_seed(1),
        )
        assert self.tower.grad is not None and self.head.grad is not None
        return self.tower.grad, self.head.grad, rows


@pytest.mark.parametrize(
    "config",
    [
        *RECONCILERS.values(),
        FixedConfig(priority=("b",)),
        ConflictFreeConfig(priority=("a", "c")),
        UncertaintyConfig(surgery="pcgrad", priority=("b",)),
        GradNormConfig(surgery="conflict-free", every=1),
    ],
    ids=repr,
)
def test_on_the_representation_it_is_what_parameters_give_by_the_same_coefficients(
    config: ReconcilerConfig,
) -> None:
    """The oracle: a backward of its own for each row, through everything, then the sum."""
    toy = Toy()
    tower, head, rows = toy.reconciled(config)
    reconciler = config.build(GROUPED)
    parts = reconciler.parts("abc")
    generator = torch.Generator().manual_seed(1)
    kept = np.ones(len(parts))
    if reconciler.cuts("abc"):
        kept = reconciler.coefficients(gramian(rows), list(parts), generator)
    of_parts = [toy.gradients_of(tuple(names)) for names in parts.values()]
    for k, found in enumerate((tower, head)):
        of_tower = k == 0
        expected = sum(
            (float(c) if of_tower else 1.0) * part[k]
            for c, part in zip(kept, of_parts, strict=True)
        )
        torch.testing.assert_close(found, expected, atol=1e-4, rtol=1e-4)


def test_where_the_parameters_are_the_representation_it_is_pcgrad_on_the_parameters() -> None:
    aggregation = pytest.importorskip("torchjd.aggregation")
    generator = torch.Generator().manual_seed(0)
    z = nn.Parameter(torch.randn(6, generator=generator))
    wants = torch.randn(3, 6, generator=generator)
    leaf = z.detach().requires_grad_()
    terms = {name: (leaf - wants[k]).square().sum() for k, name in enumerate("abc")}
    jacobian = torch.stack([2.0 * (z.detach() - want) for want in wants])
    reconciler = PcgradConfig().build({name: (name,) for name in "abc"})
    reconciler.backward(
        StepLosses.of(terms, dict.fromkeys("abc", 1.0), shared=[z], leaves=[leaf], parameters=[z]),
        values={},
        chance={},
        n_steps=1,
        generator=torch.Generator().manual_seed(4),
    )
    torch.manual_seed(4)
    torch.testing.assert_close(z.grad, aggregation.PCGrad()(jacobian))


def test_what_has_priority_is_never_moved_against() -> None:
    against = np.array([[9.0, -2.0, 1.0], [-2.0, 1.0, -0.5], [1.0, -0.5, 1.0]])
    names = ["one", "a", "b"]
    assert against[1].sum() < 0.0, "the plain sum works against it"
    for make in (FixedConfig, PcgradConfig):
        for first in (("a",), ("a", "b")):
            reconciler = make(priority=first).build(GROUPED)
            assert reconciler.cuts({"a"}) and (make is PcgradConfig or not reconciler.cuts({"c"}))
            kept = reconciler.coefficients(against, names, torch.Generator().manual_seed(0))
            along = against @ kept
            assert all(along[names.index(name)] >= -1e-9 for name in first)
            assert kept[0] >= 1.0, "others keep what they had"
    assert FixedConfig(priority=("a",)).build(GROUPED).parts("abc") == {
        "two": ["b", "c"],
        "a": ["a"],
    }


def test_towers_learn_where_the_term_with_priority_is_not_taken() -> None:
    """A term of segments waits for them; the others go on as if nothing had priority."""
    gradients = []
    for reconciling in (FixedConfig(), FixedConfig(priority=("contrast_vl",))):
        learner = trainer(replace(ALL, reconciling=reconciling))
        learner.n_steps = 1
        assert not learner.wants_segments
        assert "contrast_vl" not in one_step(learner, 0).terms
        of_towers = [
            p.grad
            for tower in ("vision", "text")
            for p in learner.model.parts(tower)[0].parameters()
        ]
        assert any(gradient is not None for gradient in of_towers)
        gradients.append(of_towers)
    plain, first = gradients
    torch.testing.assert_close(first, plain, atol=1e-6, rtol=1e-3)


def test_a_group_without_gradient_at_the_representation_changes_nothing_for_the_others() -> None:
    generator = torch.Generator().manual_seed(0)
    with_nothing = np.array([[4.0, 0.0, -1.0], [0.0, 0.0, 0.0], [-1.0, 0.0, 1.0]])
    kept = pcgrad(with_nothing, generator)
    for name, config in RECONCILERS.items():
        if config.build(GROUPED).surgery is None:
            continue
        kept = config.build(GROUPED).coefficients(with_nothing, ["x", "y", "z"], generator)
        assert np.isfinite(kept).all(), name
    assert kept[1] == 1.0


@pytest.mark.parametrize("name", RECONCILERS)
def test_every_reconciler_learns_and_equal_seeds_are_equal(name: str) -> None:
    config = replace(ALL, reconciling=RECONCILERS[name])
    assert reconciler_name(config.reconciling) == name
    runs = []
    for _ in range(2):
        learner = trainer(config)
        runs.append([one_step(learner, seed) for seed in range(2)])
    assert runs[0] == runs[1]
    looks = [report.gradients for report in runs[0]]
    assert (looks[0] is None) == (name == "fixed") and looks[1] is None
    if looks[0] is not None:
        assert looks[0].angles and all(0.0 <= angle <= 180.0 for angle in looks[0].angles.values())
        assert bool(looks[0].weights) == (name in ("gradnorm", "uncertainty"))


def test_looking_changes_no_loss() -> None:
    looked = trainer(replace(ALL, reconciling=FixedConfig(watch_every=1)))
    plain = trainer()
    for seed in range(3):
        seen, expected = one_step(looked, seed), one_step(plain, seed)
        assert seen.gradients is not None and expected.gradients is None
        assert replace(seen, gradients=None) == expected


def test_every_term_is_in_one_group() -> None:
    grouped = [name for names in GROUPS.values() for name in names]
    of_fusions = (CALIBRATION, BALANCE, COMMITMENT)
    of_all = (*vars(Weights()), *SupervisionConfig().weights, *of_fusions)
    assert sorted(grouped) == sorted(of_all)


def test_a_pair_that_judges_each_candidate_has_no_loss_of_choosing_among_them() -> None:
    config = GradNormConfig(every=1, terms=("contrast_vl", "contrast_la", "goal"))
    learner = trainer(trainer_config(config, segment_every=1, model=ModelConfig(siglip=("vl",))))
    first = [one_step(learner, k).terms["contrast_vl"] for k in range(N_FIRST)]
    weigher = learner.reconciler.weigher
    assert isinstance(weigher, GradNorm)
    assert weigher.initial["contrast_la"] == pytest.approx(log(4))
    assert weigher.initial["contrast_vl"] == pytest.approx(float(np.mean(first)), rel=0.02)


def trainer_config(reconciling: ReconcilerConfig, **others: object) -> TrainerConfig:
    return replace(ALL, reconciling=reconciling, **others)  # type: ignore[arg-type]


@pytest.mark.parametrize("make", [GradNormConfig, UncertaintyConfig])
def test_floors_and_terms_that_contradict_are_refused(
    make: type[GradNormConfig] | type[UncertaintyConfig],
) -> None:
    with pytest.raises(BadConfig, match=r"floors\[jerk\] is 1.5"):
        make(floors={"jerk": 1.5})
    with pytest.raises(UnknownName, match=r"no term for reconciling.floors 'jrek'"):
        trainer_config(make(floors={"jrek": 0.5}))
    with pytest.raises(BadConfig, match="nothing is left to be learnt"):
        trainer_config(make(terms=("goal", "held"), floors={"goal": 1.0, "held": 1.0}))
    with pytest.raises(BadConfig, match="names 'contrast_step', and its weight is 0"):
        trainer_config(make(terms=("goal", "contrast_step")))
    with pytest.raises(BadConfig, match="surgery is 'upgrad'; use one of none"):
        make(surgery="upgrad")  # type: ignore[arg-type]


def test_settings_that_contradict_are_refused() -> None:
    with pytest.raises(UnknownName, match=r"no term for reconciling.priority 'speed'"):
        trainer_config(PcgradConfig(priority=("speed",)))
    with pytest.raises(BadConfig, match="priority names 'contrast_step', and its weight is 0"):
        trainer_config(FixedConfig(priority=("contrast_step",)))
    with pytest.raises(BadConfig, match="priority names goal twice"):
        FixedConfig(priority=("goal", "goal"))
    with pytest.raises(BadConfig, match="watch_every is 0"):
        PcgradConfig(watch_every=0)
    with pytest.raises(BadConfig, match="goal is the only one"):
        trainer_config(GradNormConfig(terms=("goal",)))
    both = ("vision", "text")
    for config in (PcgradConfig(), GradNormConfig(), FixedConfig(priority=("jerk",))):
        with pytest.raises(BadConfig, match="freeze names 'vision' and freeze names 'text', and"):
            trainer_config(config, freeze=both)
        with pytest.raises(BadConfig, match="freeze names 'vision' and freeze_text_after is 0"):
            trainer_config(config, freeze=("vision",), freeze_text_after=0.0)
    trainer_config(FixedConfig(), freeze=both)
    trainer_config(UncertaintyConfig(), freeze=both)
