"""What LeRobot is told of our tasks is what they have, and what contradicts is refused."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import draccus
import pytest
from gymnasium.vector import SyncVectorEnv
from lerobot.envs.configs import EnvConfig
from lerobot.envs.factory import make_env
from lerobot.envs.utils import (
    _call_make_env,
    _load_module_from_path,
    _normalize_hub_result,
    env_to_policy_features,
)

from lerobot_env_vla_sim import VlaSimEnv, env_config
from lerobot_env_vla_sim.scenes import Scenes
from vla_sim.envs.task_names import task_id_of
from vla_sim.errors import BadConfig, UnknownName
from vla_sim.triples.lerobot.schema import IMAGE_KEY

ENVHUB = Path(__file__).parents[1] / "envhub" / "env.py"


@pytest.fixture(params=[False, True], ids=["up to 0.5", "from 0.6"])
def takes_batches(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> bool:
    monkeypatch.setattr(env_config, "TAKES_BATCHES", request.param)
    return bool(request.param)


@dataclass
class Evaluation:
    env: EnvConfig


def only(batches: dict[str, dict[int, Any]]) -> Iterator[Any]:
    for group in batches.values():
        yield from group.values()


@pytest.mark.parametrize("task", ["Reach", "DriveToGoal"])
def test_features_are_those_of_the_environment_and_of_our_datasets(task: str) -> None:
    config = VlaSimEnv(task=task, image_size=32)
    (batch,) = only(make_env(config, 2))
    space = batch.single_observation_space
    assert config.features["agent_pos"].shape == space["agent_pos"].shape
    assert config.features["action"].shape == batch.single_action_space.shape
    assert config.features[IMAGE_KEY].shape == space["pixels"]["main"].shape
    assert config.fps == batch.metadata["render_fps"]
    named = env_to_policy_features(config)
    assert {key: feature.type.name for key, feature in named.items()} == {
        "action": "ACTION",
        "observation.state": "STATE",
        IMAGE_KEY: "VISUAL",
    }
    assert named[IMAGE_KEY].shape == (3, 32, 32)


def test_it_is_chosen_by_its_type_on_the_command_line() -> None:
    settings = ["type=vla_sim", "task=Reach", "languages=en,zh", "axis=camera", "severity=1"]
    config = draccus.parse(Evaluation, args=[f"--env.{setting}" for setting in settings]).env
    assert isinstance(config, VlaSimEnv)
    assert config.type == "vla_sim"
    assert config.scenes == Scenes(languages=("en", "zh"), axis="camera", severity=1)


def test_envs_are_those_that_its_loop_can_film(takes_batches: bool) -> None:
    made: Any
    (made,) = only(VlaSimEnv(task="Reach", image_size=32).create_envs(2))
    assert isinstance(made, SyncVectorEnv) != takes_batches
    made.reset(seed=[1, 2])
    assert len(made.call("render")) == 2
    assert made.envs[0].task_description == made.call("task_description")[0]


def test_several_tasks_are_groups_where_lerobot_knows_groups(takes_batches: bool) -> None:
    config = VlaSimEnv(task="Reach, Lift", image_size=32)
    if takes_batches:
        assert list(config.create_envs(1)) == ["Reach", "Lift"]
    else:
        with pytest.raises(BadConfig, match="evaluates on one at a time"):
            config.create_envs(1)


def test_the_file_for_the_hub_is_what_lerobot_looks_for(takes_batches: bool) -> None:
    module = _load_module_from_path(str(ENVHUB))
    made = _call_make_env(module, n_envs=1, use_async_envs=False, cfg=None)
    assert list(_normalize_hub_result(made)) == ["Lift"]
    asked = VlaSimEnv(task="Reach", image_size=32)
    made = _call_make_env(module, n_envs=1, use_async_envs=False, cfg=asked)
    (batch,) = only(_normalize_hub_result(made))
    assert batch.get_attr("task") == (task_id_of("Reach"),)


@pytest.mark.parametrize(
    ("settings", "error", "told"),
    [
        ({"task": "Lfit"}, UnknownName, "did you mean 'Lift'"),
        ({"task": " ,"}, BadConfig, "task is empty"),
        ({"task": "Lift,Park"}, BadConfig, "Lift (panda), Park (ackermann_car)"),
        ({"languages": "en,fr"}, UnknownName, "no language 'fr'"),
        ({"axis": "camera"}, BadConfig, "has no severity"),
        ({"axis": "fog", "severity": 1}, UnknownName, "no axis 'fog'"),
        ({"image_size": 8}, BadConfig, "image_size is 8"),
        ({"n_threads": 0}, BadConfig, "n_threads is 0"),
        ({"fps": 30}, BadConfig, "controlled at 20 Hz"),
    ],
)
def test_what_contradicts_is_refused(
    settings: dict[str, Any], error: type[Exception], told: str
) -> None:
    with pytest.raises(error, match=re.escape(told)):
        VlaSimEnv(**settings)
