"""Until the thaw the run is the frozen one; then a copy learns to see, and who plans does not."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from tests.loop.cut_short import assert_same_run, cut_short
from tests.loop.small_finetuning import QUIET, tiny
from tests.loop.untrained import PX
from vla_sim.agents.rl_ppo import PpoConfig
from vla_sim.align.checkpoint import load_checkpoint
from vla_sim.envs.crank import Crank, CrankConfig
from vla_sim.envs.plan import draw_spec
from vla_sim.errors import BadConfig, UnknownName
from vla_sim.loop.budget import Budget
from vla_sim.loop.policies import best_checkpoint
from vla_sim.loop.rl.finetune import finetune
from vla_sim.loop.rl.ppo_learner import PpoLearner
from vla_sim.loop.rl.rl_base import AlignedBase
from vla_sim.loop.rl.rl_policy import LEARNT, RlPolicy, load_rl_policy, read_rl_policy
from vla_sim.loop.rl.rl_run import FinetuneRun
from vla_sim.loop.rl.rl_thaw import UnfreezeConfig

DRIVE = ("DriveToGoal",)
HALFWAY = UnfreezeConfig(after=0.5, rate=1e-3)


def learner(aligned: Path, **changes: Any) -> PpoLearner:
    run = tiny(aligned, aligned.parent / "none", tasks=DRIVE, **changes)
    return PpoLearner(run, load_checkpoint(best_checkpoint(aligned)), Budget(run.max_env_steps))


def copied(tensors: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    return {name: value.clone() for name, value in tensors.items()}


@pytest.mark.parametrize("start", ["residual", "head"])
def test_until_the_thaw_nothing_differs_and_after_it_the_named_towers_move(
    aligned: Path, start: str
) -> None:
    frozen = learner(aligned, start=start)
    thawing = learner(aligned, start=start, unfreeze=HALFWAY)
    given = copied(thawing.encoder.model.state_dict())
    for _ in range(2):
        frozen.improve()
        thawing.improve()
        theirs = thawing.weights
        assert all(torch.equal(value, theirs[name]) for name, value in frozen.weights.items())
        assert frozen.actor.keys() == thawing.actor.keys()
    thawing.improve()
    learnt = {k.removeprefix(LEARNT): v for k, v in thawing.actor.items() if k.startswith(LEARNT)}
    assert learnt.keys() == given.keys()
    moved = {name.partition(".")[0] for name in given if not torch.equal(learnt[name], given[name])}
    assert {"vision", "attention", "goal"} <= moved
    assert not {"text", "fusion", "decoder", "clip", "normaliser"} & moved
    model = thawing.encoder.model.state_dict()
    assert all(torch.equal(model[name], value) for name, value in given.items())


def test_the_policy_sees_with_what_it_learnt_and_plans_as_the_start_did(aligned: Path) -> None:
    made = learner(aligned, unfreeze=replace(HALFWAY, after=0.0))
    made.improve()
    policy = RlPolicy(made.form, made.encoder, made.actor)
    start = AlignedBase.of(load_checkpoint(best_checkpoint(aligned)), made.bodies, "state")
    (task_id,) = made.form.task_ids
    crank = Crank(task_id, 4, CrankConfig(image_size=PX))
    ids = np.arange(4)
    crank.start(ids, [draw_spec(task_id, seed) for seed in range(4)])
    told = crank.told(ids, crank.observe(ids))
    assert isinstance(policy.features, AlignedBase)
    ours, theirs = policy.features.see(told), start.see(told)
    n_left = start.n_left * crank.embodiment.n_act
    assert np.array_equal(ours[:, -n_left:], theirs[:, -n_left:])
    assert not np.array_equal(ours[:, :-n_left], theirs[:, :-n_left])
    # And as PPO sees, but for the order in which a larger batch is summed.
    shown = made.env.observer.see(told)
    assert isinstance(shown, dict)
    seen = {name: torch.as_tensor(value) for name, value in shown.items()}
    seen["image"] = seen["image"].permute(0, 3, 1, 2)
    with torch.no_grad():
        trained = made.ppo.policy.features_extractor({k: v.float() for k, v in seen.items()})
    np.testing.assert_allclose(trained.numpy(), ours, rtol=1e-4, atol=1e-4)


def test_a_thawed_run_that_goes_on_is_the_run_that_was_not_interrupted(
    aligned: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = finetune(tiny(aligned, tmp_path / "whole", tasks=DRIVE, unfreeze=HALFWAY), QUIET)
    out = tmp_path / "cut"
    cut_short(tiny(aligned, out, tasks=DRIVE, unfreeze=HALFWAY), at=4, monkeypatch=monkeypatch)
    cut = finetune(tiny(aligned, out, tasks=DRIVE, unfreeze=HALFWAY, resume=True), QUIET)
    assert_same_run(cut.folder, whole.folder)
    for name in ("", "latest"):
        _, weights, _ = read_rl_policy(cut.folder.path / name)
        assert any(key.startswith(LEARNT) for key in weights)
    features = load_rl_policy(out).features
    assert isinstance(features, AlignedBase) and features.own is not None


def test_a_thawed_run_stays_thawed_under_a_larger_budget(aligned: Path) -> None:
    made = learner(aligned, unfreeze=replace(HALFWAY, after=0.0))
    made.improve()
    more = learner(aligned, unfreeze=HALFWAY, max_env_steps=1280)
    assert not any(name.startswith(LEARNT) for name in more.actor)
    more.load(made.weights)
    assert all(torch.equal(value, made.actor[name]) for name, value in more.actor.items())
    assert any(name.startswith(LEARNT) for name in more.actor)


def test_the_encoder_s_rate_is_its_own(aligned: Path) -> None:
    made = learner(aligned, unfreeze=replace(HALFWAY, after=0.0, rate=7e-6))
    made.improve()
    others, own = made.ppo.policy.optimizer.param_groups
    assert own["lr"] == 7e-6 and others["lr"] == PpoConfig().learning_rate


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"start": "scratch"}, r"unfreeze.after is 0.5 and start is 'scratch', which learns from"),
        ({"algorithm": "sac"}, r"unfreeze.after is 0.5 and algorithm is 'sac', which remembers"),
        ({"unfreeze": replace(HALFWAY, towers=("fusion",))}, r"names 'fusion', and features is"),
        ({"unfreeze": replace(HALFWAY, after=0.99)}, r"after is 0.99 .* the encoder would never"),
    ],
)
def test_a_thaw_without_a_meaning_is_refused(changes: dict[str, Any], says: str) -> None:
    with pytest.raises(BadConfig, match=says):
        FinetuneRun(**{"unfreeze": HALFWAY, **changes})


@pytest.mark.parametrize("wrong", [{"after": 1.1}, {"rate": 0.0}, {"towers": ()}])
def test_settings_out_of_range_are_refused(wrong: dict[str, Any]) -> None:
    (name,) = wrong
    with pytest.raises(BadConfig, match=name):
        UnfreezeConfig(**wrong)
    with pytest.raises(UnknownName, match="no tower 'clip'"):
        UnfreezeConfig(towers=("clip",))
    with pytest.raises(BadConfig, match=r"unfreeze.towers is .* and unfreeze.after is 1, which"):
        UnfreezeConfig(towers=("text",))
