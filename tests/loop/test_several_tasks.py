"""One policy on several tasks of a robot: each is practised, judged and named apart."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tests.loop.cut_short import assert_same_run, curve, cut_short
from tests.loop.small_finetuning import QUIET, SMALL, tiny
from tests.loop.untrained import PX
from vla_sim.agents.rl_bounds import BoundsConfig
from vla_sim.agents.rl_ppo import PpoConfig
from vla_sim.agents.rl_reward import RewardConfig
from vla_sim.agents.rl_sac import SacConfig
from vla_sim.align.checkpoint import load_checkpoint
from vla_sim.cli.main import main
from vla_sim.envs.crank import Crank
from vla_sim.envs.plan import draw_spec
from vla_sim.envs.rollout import run_all
from vla_sim.envs.suites import CORE_ARM, CORE_CAR
from vla_sim.envs.task_names import task_id_of
from vla_sim.envs.tasks import make_task
from vla_sim.errors import BadConfig, UnknownName
from vla_sim.eval.report_file import from_json
from vla_sim.loop.budget import Budget
from vla_sim.loop.policies import best_checkpoint, policy_of
from vla_sim.loop.rl.finetune import finetune
from vla_sim.loop.rl.ppo_learner import PpoLearner
from vla_sim.loop.rl.rl_judge import REPORTS
from vla_sim.loop.rl.rl_policy import RlPolicy, load_rl_policy, read_rl_policy
from vla_sim.loop.rl.rl_run import FinetuneRun
from vla_sim.loop.rl.rl_start import CORRECTING, ResidualConfig, StartKind

TASKS = ("DriveToGoal", "ChangeLane")
ARENA, ROAD = map(task_id_of, TASKS)


def small(aligned: Path, out: Path, **changes: object) -> FinetuneRun:
    """`tiny` on two tasks, with rounds of eight decisions."""
    asked = {
        "tasks": TASKS,
        "max_env_steps": 384,
        "ppo": PpoConfig(n_steps=8, batch_size=8, n_epochs=2, hidden=16),
        "sac": SacConfig(
            n_steps=8,
            updates=3,
            batch_size=8,
            buffer=64,
            hidden=16,
            expert_env_steps=64,
            start_env_steps=64,
        ),
        "residual": ResidualConfig(warm_up_env_steps=64),
    }
    return tiny(aligned, out, **{**asked, **changes})


def learner(aligned: Path, **changes: object) -> PpoLearner:
    run = small(aligned, aligned.parent / "none", **changes)
    return PpoLearner(run, load_checkpoint(best_checkpoint(aligned)), Budget(run.max_env_steps))


def test_tasks_of_one_robot_have_one_embodiment() -> None:
    for tasks in (CORE_ARM, CORE_CAR):
        bodies = [make_task(task_id).robot.embodiment for task_id in tasks]
        assert all(body == bodies[0] for body in bodies)


@pytest.mark.parametrize("features", ["state", "space"])
def test_training_sees_each_task_as_the_policy_will(aligned: Path, features: str) -> None:
    made = learner(aligned, features=features)
    assert made.bodies[ARENA] != made.bodies[ROAD], "two cameras"
    env = made.env
    env.seed(7)
    seen = env.reset()
    assert isinstance(seen, np.ndarray)
    policy = RlPolicy(made.form, made.encoder, made.actor)
    for crank, slots in env.shaft.parts(np.arange(4)):
        assert np.array_equal(
            seen[slots], policy.features.see(crank.told(slots, crank.observe(slots)))
        )
    assert env.shaft.place.tolist() == [0, 1, 0, 1]


def test_the_same_moment_under_other_words_is_seen_otherwise(aligned: Path) -> None:
    """Words reach every kind of features, so that the actor can know its task."""
    crank = Crank(ARENA, 1, SMALL)
    crank.start(np.array([0]), [draw_spec(ARENA, 3)])
    told = crank.told(np.array([0]), crank.observe(np.array([0])))
    other = replace(told, instructions=[replace(told.instructions[0], text="reach the red cube")])
    for features in ("state", "space"):
        sight = learner(aligned, features=features, start="head").env.observer
        assert not np.array_equal(np.asarray(sight.see(told)), np.asarray(sight.see(other)))


@pytest.mark.parametrize("start", CORRECTING)
def test_the_start_is_the_aligned_policy_on_each_task(aligned: Path, start: StartKind) -> None:
    made = learner(aligned, start=start)
    policy = RlPolicy(made.form, load_checkpoint(best_checkpoint(aligned)), made.actor)
    for task_id in (ARENA, ROAD):
        crank = Crank(task_id, 2, SMALL)
        plan = [draw_spec(task_id, seed) for seed in (30_000, 30_001)]
        theirs = run_all(crank, policy_of(str(aligned), crank), plan)
        for a, b in zip(theirs, run_all(crank, policy, plan), strict=True):
            assert np.array_equal(a.actions, b.actions)
    park = task_id_of("Park")
    with pytest.raises(BadConfig, match=f"trained on {ARENA}, {ROAD}, not {park}"):
        run_all(Crank(park, 1, SMALL), policy, [draw_spec(park, 0)])


def test_slots_that_fly_again_have_the_same_tasks_and_get_the_same_next(aligned: Path) -> None:
    slots = replace(FinetuneRun().slots, action_repeat=40)
    changes = {"start": "head", "slots": slots, "max_env_steps": 1280}
    env, other = (learner(aligned, **changes).env for _ in range(2))
    rng = np.random.default_rng(3)
    seen = env.reset()
    while len(set(env.flight.state.count.tolist())) < 2 or env.n_ended < 5:
        seen, *_ = env.step(rng.uniform(-1, 1, (4, 2)).astype(np.float32))
    state = env.flight.state
    other.roster.load_state(env.roster.state())
    assert np.array_equal(np.asarray(other.fly_again(state)), np.asarray(seen))
    assert np.array_equal(other.shaft.place, env.shaft.place)
    other.n_begun = env.n_begun
    ended = env.n_ended
    while env.n_ended < ended + 5:
        action = rng.uniform(-1, 1, (4, 2)).astype(np.float32)
        ours, theirs = env.step(action), other.step(action)
        assert np.array_equal(np.asarray(ours[0]), np.asarray(theirs[0]))
        assert np.array_equal(ours[1], theirs[1])
    assert np.array_equal(other.shaft.place, env.shaft.place)


@pytest.mark.parametrize(("start", "algorithm"), [("head", "ppo"), ("residual", "sac")])
def test_a_run_that_goes_on_is_the_run_that_was_not_interrupted(
    aligned: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, start: StartKind, algorithm: str
) -> None:
    asked: dict[str, object] = {"start": start, "algorithm": algorithm}
    if start == "head":  # episodes end within some decisions, and slots change their tasks
        slots = replace(FinetuneRun().slots, action_repeat=20)
        asked |= {"slots": slots, "n_slots": 2, "max_env_steps": 1280, "rounds_per_evaluation": 3}
        asked |= {"online_episodes": 2, "bounds": BoundsConfig(most={"collision": 0.1})}
    whole = finetune(small(aligned, tmp_path / "whole", **asked), QUIET)
    cut_short(small(aligned, tmp_path / "cut", **asked), at=3, monkeypatch=monkeypatch)
    cut = finetune(small(aligned, tmp_path / "cut", resume=True, **asked), QUIET)
    assert_same_run(cut.folder, whole.folder)
    for name in ("", "latest"):
        form, _, _ = read_rl_policy(cut.folder.path / name)
        assert form.task_ids == (ARENA, ROAD)
    if start == "residual":
        return
    last = curve(whole.folder)[-1]
    assert last["episodes/DriveToGoal"] and last["episodes/ChangeLane"]
    assert last["share/collision/DriveToGoal"] is not None
    assert last["price/collision/ChangeLane"] is not None
    assert last["held_out"] == (last["held_out/DriveToGoal"] + last["held_out/ChangeLane"]) / 2
    report = from_json(list(whole.folder.rows(REPORTS))[-1]["report"])
    n = {task.task_id: task.rates["success_at_end"].n for task in report.tasks}
    assert n == {ARENA: 1, ROAD: 1}


def test_what_cannot_be_practised_together_is_refused_by_name(aligned: Path) -> None:
    with pytest.raises(BadConfig, match=r"tasks has Reach \(panda\), Park \(ackermann_car\): one"):
        FinetuneRun(tasks=("Reach", "Park"))
    with pytest.raises(BadConfig, match="tasks is empty"):
        FinetuneRun(tasks=())
    with pytest.raises(BadConfig, match=r"online_episodes is 9, and there are 10 tasks"):
        FinetuneRun(tasks=("core-car",), online_episodes=9)
    assert FinetuneRun(tasks=("core-car",)).task_ids == CORE_CAR
    dense = RewardConfig(kind="dense", terms={"parked": 1.0})
    with pytest.raises(UnknownName, match=f"reward term of {ROAD}, 'parked'"):
        learner(aligned, reward=dense).env.check()
    with pytest.raises(UnknownName, match=f"violation of {ARENA}, 'dropped'"):
        learner(aligned, bounds=BoundsConfig(most={"dropped": 0.1})).env.check()


@pytest.mark.slow
def test_the_command_line_measures_every_task(
    aligned: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "run"
    words = ["finetune", "glance", "--encoder", str(aligned), "--out", str(out), "--tasks", *TASKS]
    words += ["--crank.image-size", str(PX), "--max-env-steps", "128", "--episodes", "1"]
    assert main(words) == 0
    said = capsys.readouterr().out
    assert "over 2 unseen scenes" in said and f"--tasks {' '.join(TASKS)}" in said
    assert json.loads((out / "finetune.json").read_text())["task_ids"] == [ARENA, ROAD]
    assert load_rl_policy(out).form.task_ids == (ARENA, ROAD)
