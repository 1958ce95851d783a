"""Policies from outside: by file with arguments, by zip, under a contract; refused in time."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import gymnasium
import numpy as np
import pytest
from numpy.typing import NDArray
from rich.console import Console
from stable_baselines3 import PPO, SAC, TD3

from benchmarks.peeping import peeped, reached
from vla_sim.cli.main import main
from vla_sim.envs.crank import Crank, CrankConfig
from vla_sim.envs.plan import plan_episodes
from vla_sim.envs.rollout import run_all
from vla_sim.errors import (
    BadAction,
    BadConfig,
    BadMessage,
    DamagedFile,
    MissingLeRobot,
    UnknownName,
    VlaSimError,
)
from vla_sim.loop.benching.bench import bench
from vla_sim.loop.benching.bench_run import BenchRun
from vla_sim.loop.benching.evaluate import evaluate
from vla_sim.loop.benching.gap import GapRun
from vla_sim.loop.choice import Choice
from vla_sim.loop.collecting.collect import CollectRun, collect
from vla_sim.loop.detecting.detect import DetectRun
from vla_sim.loop.outsiders import acting_for, try_out
from vla_sim.loop.policies import policy_of
from vla_sim.loop.policy_args import typed_arguments
from vla_sim.loop.serving.contracts import LIBERO, native
from vla_sim.loop.serving.translation import Translation
from vla_sim.loop.serving.wire import pack, unpack
from vla_sim.loop.showing.film import FilmRun, film
from vla_sim.records.instruction import Instruction, Meaning

REACH, CAR = "vla_sim/Reach-v1", "vla_sim/DriveToGoal-v1"
SMALL = CrankConfig(image_size=16)
BROUGHT = """
from pathlib import Path
from typing import Literal

import numpy as np


class Still:
    needs_images = False
    n_action_steps = 2

    def __init__(self, gain: float = 0.0, *, steps: int = 4, loud: bool = False,
                 way: Literal["left", "right"] = "left", where: Path | None = None, name="x"):
        self.given = (gain, steps, loud, way, where, name)
        self.gain, self.steps = gain, steps

    def chunk(self, told):
        return np.full((len(told), self.steps, told.embodiment.n_act), self.gain)


class FailsLate(Still):
    def chunk(self, told):
        if (told.step >= 4).any() and (told.own_seed % 4 > 0).any():
            raise RuntimeError("lost my way")
        return super().chunk(told)


class Inferring:
    def __init__(self, width: int = 7):
        self.width = width

    def infer(self, seen):
        assert seen["observation/image"].shape == (224, 224, 3)
        assert seen["observation/wrist_image"].dtype == np.uint8
        assert seen["observation/state"].shape == (8,) and isinstance(seen["prompt"], str)
        return {"actions": np.zeros((5, self.width))}


def for_task(task_id, gain: float = 0.5):
    return Still(gain, name=task_id)


def broken():
    raise OSError("no weights here")
"""


@pytest.fixture
def brought(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """The file, under a name of its own: modules are loaded once."""
    monkeypatch.chdir(tmp_path)
    file = tmp_path / f"brought_{tmp_path.name.replace('-', '_')}.py"
    file.write_text(BROUGHT)
    return str(file)


def test_arguments_are_of_the_types_that_the_signature_names(brought: str) -> None:
    crank = Crank(CAR, 1, SMALL)
    args = (("gain", "0.25"), ("loud", "yes"), ("name", "a=b"), ("way", "right"), ("where", "none"))
    made: Any = policy_of(Choice(name=f"{brought}:Still", args=args), crank)
    assert made.given == (0.25, 4, True, "right", None, "a=b")
    made = policy_of(Choice(name=f"{brought}:Still", args=(("where", "x/y"),)), crank)
    assert made.given[4] == Path("x/y")
    made = policy_of(Choice(name=f"{brought}:for_task", args=(("gain", "1"),)), crank)
    assert made.given[0] == 1.0 and made.given[5] == CAR


@pytest.mark.parametrize(
    ("args", "kind", "complaint"),
    [
        ({"gane": "1"}, UnknownName, "no argument of .*:Still 'gane'; did you mean 'gain'"),
        ({"gain": "much"}, BadConfig, "gain=much for .*'much' is no float"),
        ({"loud": "maybe"}, BadConfig, "loud=maybe for .*use true or false"),
        ({"way": "up"}, BadConfig, "way=up for .*use one of left, right"),
    ],
)
def test_arguments_that_do_not_fit_are_refused_by_name(
    brought: str, args: Mapping[str, str], kind: type[Exception], complaint: str
) -> None:
    with pytest.raises(kind, match=complaint):
        evaluate(f"{brought}:Still", "DriveToGoal", episodes=1, policy_arg=args)


def test_what_no_text_can_say_is_refused() -> None:
    def made(table: dict[str, int]) -> object:
        return table

    with pytest.raises(BadConfig, match="a dict cannot be typed on a command line"):
        typed_arguments(made, (("table", "1"),), what="x:made")
    for choice in ({"args": (("a", "1"),)}, {"contract": "libero"}):
        with pytest.raises(BadConfig, match=r"for the policy 'expert': (arguments are|a contract)"):
            Choice(name="expert", **choice)


def test_every_verb_takes_arguments_and_lets_an_episode_fail(
    brought: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["--policy", f"{brought}:FailsLate", "--policy-arg", "gain=0.1", "steps=3"]
    small = ["--crank.image-size", "16"]
    bench_only = [
        "--tasks",
        "DriveToGoal",
        "--episodes",
        "4",
        "--arms",
        "correct",
        "--gallery",
        "0",
    ]
    assert main(["bench", *words, *small, *bench_only, "--n-processes", "0"]) == 0
    said = " ".join(capsys.readouterr().out.split())
    assert "the policy failed in" in said and "RuntimeError: lost my way" in said
    crank = Crank(CAR, 2, SMALL)
    choice = Choice(name=f"{brought}:FailsLate")
    failing = [
        episode.spec.seed
        for episode in run_all(crank, acting_for(choice, crank), plan_episodes(CAR, range(8)))
        if episode.policy_failure
    ]
    filmed = FilmRun(
        task="DriveToGoal",
        policy=choice.name,
        seed=failing[0],
        out=tmp_path / "a.png",
        size=32,
        crank=SMALL,
    )
    (episode,) = film(filmed)
    assert episode.policy_failure == "RuntimeError: lost my way" and episode.n_steps == 5
    gathered = CollectRun(
        out=tmp_path / "data", tasks=("DriveToGoal",), episodes=2, policy=choice.name, crank=SMALL
    )
    assert collect(gathered, Console(quiet=True))[CAR].episodes == 2
    GapRun(policy=choice.name, policy_arg={"gain": "1"})
    with pytest.raises(BadConfig, match="no decoder to watch"):
        DetectRun(policy=choice.name)


def test_a_policy_that_cannot_act_is_refused_before_the_first_episode(brought: str) -> None:
    wrong = {
        "broken": (BadConfig, "no weights here"),
        "Still": (BadAction, r"shape \(1, 1, 2\); .* with k >= 2"),
    }
    for name, (kind, complaint) in wrong.items():
        args = {"steps": "1"} if name == "Still" else {}
        run = BenchRun(
            policy=f"{brought}:{name}", policy_arg=args, tasks=("DriveToGoal",), n_processes=0
        )
        with pytest.raises(kind, match=complaint):
            bench(run, Console(quiet=True))


def test_an_object_that_infers_speaks_a_contract_in_this_process(brought: str) -> None:
    crank = Crank(REACH, 1, CrankConfig(image_size=224))
    crank.horizon_steps = 6
    choice = Choice(name=f"{brought}:Inferring", contract="libero")
    (episode,) = run_all(crank, acting_for(choice, crank), plan_episodes(REACH, range(1)))
    assert not episode.policy_failure and episode.n_steps == 6
    with pytest.raises(BadMessage, match=r"\(k, 7\) in the contract, \(5, 6\) came"):
        policy_of(Choice(name=choice.name, contract="libero", args=(("width", "6"),)), crank)
    with pytest.raises(BadConfig, match="has no infer"):
        policy_of(Choice(name=f"{brought}:Still", contract="libero"), crank)


class Proprio(gymnasium.ObservationWrapper[Any, Any, Any]):
    """One member of the observation, for policies without a Dict."""

    def __init__(self, env: gymnasium.Env[Any, Any]) -> None:
        super().__init__(env)
        self.observation_space = env.observation_space["proprio"]  # type: ignore[index]  # a Dict

    def observation(self, observation: Any) -> NDArray[np.float32]:
        seen: NDArray[np.float32] = observation["proprio"]
        return seen


def test_a_zip_of_stable_baselines3_acts_as_it_does_there(tmp_path: Path) -> None:
    env = gymnasium.make(CAR, image_size=36)
    models: dict[str, tuple[Any, Any]] = {
        "ppo": (PPO("MultiInputPolicy", env, n_steps=8, batch_size=8), env),
        "sde": (
            PPO("MlpPolicy", Proprio(env), n_steps=8, batch_size=8, use_sde=True),
            Proprio(env),
        ),
        "sac": (SAC("MlpPolicy", Proprio(env), buffer_size=10), Proprio(env)),
        "td3": (TD3("MlpPolicy", Proprio(env), buffer_size=10), Proprio(env)),
    }
    crank = Crank(CAR, 1, CrankConfig(image_size=36))
    crank.horizon_steps = 3
    (spec,) = plan_episodes(CAR, range(1))
    for name, (model, shown) in models.items():
        file = tmp_path / f"{name}.zip"
        model.save(file)
        (episode,) = run_all(crank, acting_for(str(file), crank), [spec])
        seen, _ = shown.reset(options={"spec": spec})
        for action in episode.actions:
            theirs, _ = model.predict(seen, deterministic=True)
            assert action == pytest.approx(theirs, abs=1e-6)
            seen = shown.step(theirs)[0]
    with pytest.raises(BadConfig, match=r"it wants Box\(.*\(8,\).*\n  here is Dict\("):
        evaluate(str(tmp_path / "sac.zip"), "Reach", episodes=1)
    with pytest.raises(BadConfig, match=r"\(3, 36, 36\).*\n  here is Dict\(.*\(16, 16, 3\)"):
        evaluate(str(tmp_path / "ppo.zip"), "DriveToGoal", episodes=1, image_size=16)
    (tmp_path / "none.zip").write_text("nothing")
    with pytest.raises(DamagedFile, match=r"none\.zip is no zip of stable-baselines3"):
        evaluate(str(tmp_path / "none.zip"), "Reach", episodes=1)
    with pytest.raises(UnknownName, match=r"missing\.zip"):
        BenchRun(policy=str(tmp_path / "missing.zip"))


def test_lerobot_is_named_where_it_is_not_installed(tmp_path: Path) -> None:
    with pytest.raises(MissingLeRobot, match=r"make test-lerobot.*ws://host:port"):
        evaluate(f"lerobot:{tmp_path}", "Reach", episodes=1)
    with pytest.raises(UnknownName, match="lerobot:nowhere"):
        BenchRun(policy="lerobot:nowhere")


@pytest.mark.parametrize("task_id", [REACH, CAR])
def test_nothing_that_is_sent_leads_to_the_truth(task_id: str) -> None:
    crank = Crank(task_id, 2, SMALL)
    ids = np.arange(2)
    for arm in ("correct", "empty"):
        specs = plan_episodes(task_id, range(40, 42), arm="empty" if arm == "empty" else "correct")
        crank.start(ids, specs)
        told = crank.told(ids, crank.observe(ids))
        message = Translation(native(crank.embodiment), crank.embodiment).message(told, 1)
        sent = unpack(pack(message))
        assert not any(
            isinstance(thing, Instruction | Meaning) for _, thing in reached(sent, "", 0, set())
        )
        known = {int(crank.seed[1]), int(crank.goal[1]) + 10**6}
        numbers = {value for value in sent.values() if isinstance(value, int)}
        assert not known & numbers and (sent["prompt"] == "") == (arm == "empty")


def test_a_peeping_policy_behind_a_wire_scores_as_guessing() -> None:
    blind, n_found = peeped(CAR, 24, shown="wire")
    assert n_found == 0
    assert np.mean([episode.success_at_end for episode in blind]) < 0.75  # guessing is a third


def test_a_module_policy_that_peeps_is_given_nothing_either(brought: str) -> None:
    crank = Crank(CAR, 1, SMALL)
    seen: list[object] = []
    actor = acting_for(f"{brought}:Still", crank)
    inner: Any = actor.policy  # type: ignore[union-attr]  # tolerated
    whole = inner.chunk

    def noted(told: object) -> object:
        seen.append(told)
        return whole(told)

    inner.chunk = noted
    crank.horizon_steps = 2
    run_all(crank, actor, plan_episodes(CAR, range(1)))
    found = [thing for told in seen for _, thing in reached(told, "told", 0, set())]
    assert found and not any(isinstance(t, Instruction | Meaning | Crank) for t in found)


def test_libero_is_for_arms(brought: str) -> None:
    with pytest.raises(VlaSimError, match="does not fit vla_sim/DriveToGoal-v1"):
        try_out(Choice(name=f"{brought}:Inferring", contract=LIBERO.name), [CAR], SMALL)
