"""What corrects the aligned policy begins as it, to the last bit, and has a largest size."""

from pathlib import Path

import numpy as np
import pytest
import torch

from tests.loop.untrained import PX
from vla_sim.agents.rl_ppo import PpoConfig
from vla_sim.agents.rl_slots import SlotsConfig
from vla_sim.align.checkpoint import load_checkpoint
from vla_sim.envs.crank import Crank, CrankConfig
from vla_sim.envs.plan import draw_spec
from vla_sim.envs.rollout import Rollout, run_all
from vla_sim.envs.task_names import task_id_of
from vla_sim.errors import BadConfig, UnknownName
from vla_sim.eval.stopping import StoppingConfig
from vla_sim.loop.budget import Budget
from vla_sim.loop.policies import best_checkpoint, policy_of
from vla_sim.loop.rl.ppo_learner import PpoLearner
from vla_sim.loop.rl.rl_decoder import LearningDecoder
from vla_sim.loop.rl.rl_policy import RlPolicy
from vla_sim.loop.rl.rl_run import FinetuneRun, require_robot
from vla_sim.loop.rl.rl_start import CORRECTING, ResidualConfig, StartKind
from vla_sim.loop.rl.rl_thaw import UnfreezeConfig
from vla_sim.loop.run_folder import BEGUN, RunFolder

SMALL = CrankConfig(image_size=PX)
TASK = "DriveToGoal"


def learner(
    aligned: Path, *, repeat: int = 2, scale: float = 0.3, start: StartKind = "residual"
) -> PpoLearner:
    run = FinetuneRun(
        encoder=aligned,
        start=start,
        tasks=(TASK,),
        n_slots=4,
        max_env_steps=256,
        ppo=PpoConfig(n_steps=4, batch_size=8, n_epochs=1, hidden=16),
        residual=ResidualConfig(scale=scale, warm_up_env_steps=32, pull=0.0),
        slots=SlotsConfig(action_repeat=repeat),
        crank=SMALL,
    )
    encoder = load_checkpoint(best_checkpoint(aligned))
    return PpoLearner(run, encoder, Budget(run.max_env_steps))


def policy_in(made: PpoLearner, aligned: Path) -> RlPolicy:
    return RlPolicy(made.form, load_checkpoint(best_checkpoint(aligned)), made.actor)


@pytest.mark.parametrize("start", CORRECTING)
@pytest.mark.parametrize("repeat", [1, 2])
def test_before_the_first_update_episodes_are_those_of_the_aligned_policy(
    aligned: Path, repeat: int, start: StartKind
) -> None:
    task_id = task_id_of(TASK)
    plan = [draw_spec(task_id, seed) for seed in range(30_000, 30_004)]
    crank = Crank(task_id, 4, SMALL)
    theirs = run_all(crank, policy_of(str(aligned), crank), plan)
    made = learner(aligned, repeat=repeat, start=start)
    ours = run_all(crank, policy_in(made, aligned), plan)
    assert len(theirs) == 4 and max(episode.n_steps for episode in theirs) > 20
    for a, b in zip(theirs, ours, strict=True):
        assert np.array_equal(a.actions, b.actions)
        assert np.array_equal(a.position, b.position)


@pytest.mark.parametrize(("repeat", "start"), [(1, "residual"), (2, "residual"), (2, "decoder")])
def test_training_starts_on_the_aligned_policy_s_way(
    aligned: Path, repeat: int, start: StartKind
) -> None:
    made = learner(aligned, repeat=repeat, start=start)
    made.env.seed(7)
    made.env.reset()
    crank = Crank(made.form.task_ids[0], 4, SMALL)
    plan = [draw_spec(made.form.task_ids[0], 7 + slot) for slot in range(4)]
    alone = Rollout(crank, policy_of(str(aligned), crank), plan)
    for _ in range(12):
        if made.env.crank.steps[0] % repeat == 0:
            made.env.step(np.zeros((4, made.env.crank.embodiment.n_act), dtype=np.float32))
        while crank.steps[0] < made.env.crank.steps[0]:
            alone.advance()
        ours, theirs = made.env.crank.robot.motion, crank.robot.motion
        assert np.array_equal(ours.position, theirs.position)


@pytest.mark.parametrize("start", CORRECTING)
def test_corrections_are_as_large_as_the_scale_and_no_larger(
    aligned: Path, start: StartKind
) -> None:
    made = learner(aligned, scale=0.1, start=start)
    made.env.reset()
    rows = np.arange(4)
    base = made.env.hand.actions(rows, np.zeros((4, 2), dtype=np.float32), 2)
    pushed = made.env.hand.actions(rows, np.full((4, 2), 9.0, dtype=np.float32), 2)
    assert np.all(pushed >= base) and np.all(np.abs(pushed) <= 1.0)
    np.testing.assert_allclose(pushed, np.minimum(base + 0.1, 1.0), atol=1e-6)


@pytest.mark.parametrize("start", CORRECTING)
def test_while_it_warms_up_the_critic_moves_and_the_actor_does_not(
    aligned: Path, start: StartKind
) -> None:
    made = learner(aligned, start=start)
    before = {name: value.clone() for name, value in made.tensors.items()}
    made.improve()
    for name, value in made.actor.items():
        assert torch.equal(value, before[name])
    critic = "mlp_extractor.value_net.0.weight"
    assert not torch.equal(made.tensors[critic], before[critic])
    made.improve()
    moved = [name for name, value in made.actor.items() if not torch.equal(value, before[name])]
    assert moved and (start == "decoder" or "action_net.weight" in moved)


def test_a_decoder_corrects_by_what_it_does_otherwise_at_its_own_rate(aligned: Path) -> None:
    made = learner(aligned, start="decoder", scale=0.2)
    model = load_checkpoint(best_checkpoint(aligned)).model
    seen = np.asarray(made.env.reset())
    policy = made.ppo.policy
    assert not made.ppo.predict(seen, deterministic=True)[0].any()
    actor = policy.mlp_extractor.policy_net
    assert isinstance(actor, LearningDecoder)
    with torch.no_grad():
        for mlp in actor.decoder.mlps:
            *_, last = mlp.parameters()
            last.add_(0.01)
    decided = made.ppo.predict(seen, deterministic=True)[0]
    np.testing.assert_allclose(decided, 0.01 / 0.2, atol=1e-5)
    acts = policy_in(made, aligned)
    assert np.array_equal(acts.actor(seen), decided)
    whole = model.decoder.state_dict()
    assert {name.rpartition("decoder.")[2] for name in made.actor} == set(whole), "once, no more"
    others, own = policy.optimizer.param_groups
    made.improve()
    made.improve()
    assert own["lr"] < 0.2 * others["lr"]


def test_what_cannot_be_trained_is_refused_before_anything_is_made(aligned: Path) -> None:
    for too_few in (10_000, 20_480, 24_575):  # rounds of 4096: the last one begins within it
        with pytest.raises(BadConfig, match=r"warm_up_env_steps is 20000.*actor would never move"):
            FinetuneRun(max_env_steps=too_few)
    assert FinetuneRun(max_env_steps=24_576).round_env_steps == 4096
    with pytest.raises(BadConfig, match=r"action_repeat is 3.*plans anew every 2 steps"):
        FinetuneRun(slots=SlotsConfig(action_repeat=3))
    with pytest.raises(UnknownName, match="no start 'warm'; there are"):
        FinetuneRun(start="warm")  # type: ignore[arg-type]  # a wrong word
    with pytest.raises(BadConfig, match=r"max_env_steps is 0"):
        FinetuneRun(max_env_steps=0)


def test_an_encoder_of_another_robot_is_refused(aligned: Path) -> None:
    require_robot(aligned, task_id_of("Reach"))
    folder = RunFolder.open(aligned)
    begun = folder.read_json(BEGUN)
    folder.write_json(BEGUN, begun | {"config": begun["config"] | {"tasks": ["ChangeLane"]}})
    with pytest.raises(BadConfig, match=r"trained on ChangeLane.*Reach has .*panda"):
        require_robot(aligned, task_id_of("Reach"))
    require_robot(aligned, task_id_of("KeepLane"))
    folder.write_json(BEGUN, begun)


def test_what_would_do_nothing_is_refused() -> None:
    with pytest.raises(BadConfig, match=r"residual.pull is 0.5, and algorithm is 'sac'"):
        FinetuneRun(algorithm="sac", residual=ResidualConfig(pull=0.5))
    with pytest.raises(BadConfig, match=r"residual.scale is 0.2, and start is 'head'"):
        FinetuneRun(start="head", residual=ResidualConfig(scale=0.2))
    with pytest.raises(BadConfig, match=r"residual.pull_until is 0.5, and start is 'scratch'"):
        FinetuneRun(start="scratch", residual=ResidualConfig(pull_until=0.5))
    with pytest.raises(BadConfig, match=r"decoder_rate is 0.01, and start is 'residual'"):
        FinetuneRun(residual=ResidualConfig(decoder_rate=0.01))
    with pytest.raises(BadConfig, match=r"features is 'space' and start is 'decoder'"):
        FinetuneRun(start="decoder", features="space")
    with pytest.raises(BadConfig, match=r"unfreeze.after is 0.5 and start is 'decoder'"):
        FinetuneRun(start="decoder", unfreeze=UnfreezeConfig(after=0.5))
    with pytest.raises(BadConfig, match=r"algorithm is 'sac' and start is 'decoder'"):
        FinetuneRun(start="decoder", algorithm="sac")
    with pytest.raises(BadConfig, match=r"stopping.retrieval_weight is 0.1, and reports"):
        FinetuneRun(stopping=StoppingConfig(retrieval_weight=0.1))
