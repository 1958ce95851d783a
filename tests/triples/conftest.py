"""Small episodes with labels, and the settings of a dataset for them."""

import pytest

from tests.triples.made import SIDE, Made, Make, made_episode
from vla_sim.records.triple import N_ACT, N_PROPRIO
from vla_sim.triples.lerobot.schema import LeRobotConfig


@pytest.fixture
def make() -> Make:
    return made_episode


@pytest.fixture
def config() -> LeRobotConfig:
    return LeRobotConfig(
        robot="panda",
        fps=20,
        state_names=tuple(f"s{i}" for i in range(N_PROPRIO)),
        action_names=tuple(f"a{i}" for i in range(N_ACT)),
        image_height=SIDE,
        image_width=SIDE,
        episodes_per_shard=3,
        run_card={"renderer": "测试"},
    )


@pytest.fixture
def tasks() -> tuple[str, ...]:
    return ("vla_sim/Reach-v1", "vla_sim/Lift-v1")


@pytest.fixture
def episodes() -> list[Made]:
    # Eight episodes make two full data files and a shorter one.
    return [made_episode(seed, 9 + seed, ("en", "zh")[seed % 2]) for seed in range(8)]
