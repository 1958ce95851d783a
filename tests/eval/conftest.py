"""Hand-made episodes: a point that moves along x as told."""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from vla_sim.eval.body import Body, body_of
from vla_sim.records.embodiment import ActionGroup, Embodiment, MotionGroup
from vla_sim.records.episode import Arm, Episode, EpisodeSpec, Rig
from vla_sim.records.instruction import Instruction, Language, Meaning, Referent
from vla_sim.records.manner import MANNERS, Manner, MannerProfile

DT_S = 0.05
RIG = Rig(engine="mujoco 4.0.0", renderer="raycast 1", image_size=(96, 96))
Make = Callable[..., Episode]

PROFILE = MannerProfile(
    motion_group="tool",
    velocity=0.5,
    acceleration=2.0,
    jerk=20.0,
    typical_speed_band=(0.1, 0.5),
    peak_acceleration=2.0,
    peak_jerk=20.0,
    still_speed=0.02,
)


@pytest.fixture(scope="session")
def body() -> Body:
    """An arm whose only motion is that of its tool."""
    embodiment = Embodiment(
        name="stick",
        control_dt_s=DT_S,
        action=(ActionGroup(name="tool", size=3, unit="m/s", order=1, scale=0.8, motion="tool"),),
        motion=(
            MotionGroup(
                name="tool",
                size=3,
                unit="m",
                velocity_limit=1.7,
                acceleration_limit=8.0,
                jerk_limit=80.0,
                source="made up",
            ),
        ),
        proprio_names=("x", "y", "z", "cos_yaw", "sin_yaw"),
        bandwidth_fraction=0.4,
    )
    return body_of(embodiment, dict.fromkeys(MANNERS, PROFILE))


def make_episode(
    x_m: NDArray[np.float64] | None = None,
    *,
    y_m: NDArray[np.float64] | None = None,
    yaw: NDArray[np.float64] | None = None,
    dt_s: float = DT_S,
    task_id: str = "vla_sim/Reach-v1",
    seed: int = 0,
    arm: Arm = "correct",
    manner: Manner = "normal",
    language: Language = "en",
    success: bool = True,
    violations: Mapping[str, NDArray[np.bool_]] | None = None,
    expert_path_length_m: float = 0.25,
    **fields: Any,
) -> Episode:
    """An episode of the points (x, y, 0), one per state; its velocity and acceleration follow."""
    x = minimum_jerk(0.25, 20) if x_m is None else np.asarray(x_m, dtype=np.float64)
    y = np.zeros_like(x) if y_m is None else y_m
    turn = np.zeros_like(x) if yaw is None else yaw
    point = np.stack([x, y, np.zeros_like(x)], axis=1)
    velocity = np.gradient(point, dt_s, axis=0)
    acceleration = np.diff(velocity, axis=0) / dt_s
    t = len(x) - 1
    proprio = np.concatenate([point, np.cos(turn)[:, None], np.sin(turn)[:, None]], axis=1)
    meaning = Meaning(intent_id="reach", referent=Referent(colour="red"), manner=manner)
    instruction = Instruction(
        text="reach red", language=language, template_id="reach/0", split="seen", meaning=meaning
    )
    done = np.zeros(t, dtype=bool)
    done[-1] = success
    values: dict[str, Any] = {
        "spec": EpisodeSpec(
            task_id=task_id, seed=seed, goal=0, manner=manner, language=language, arm=arm
        ),
        "rig": RIG,
        "role": "policy",
        "instruction": instruction,
        "shown": instruction,
        "embodiment": "stick",
        "control_dt_s": dt_s,
        "actions": np.zeros((t, 3), dtype=np.float32),
        "proprio": proprio.astype(np.float32),
        "position": point,
        "velocity": velocity,
        "acceleration": acceleration,
        "point": point,
        "reward": np.linspace(0.1, 0.9, t),
        "success": done,
        "violations": {"jerk": np.zeros(t, dtype=bool)} if violations is None else violations,
        "expert_path_length_m": expert_path_length_m,
        "terminated": success,
        "truncated": not success,
        "diverged": False,
        "n_completed": 1,
        "n_goals_equivalent": 1,
        "n_goals": 4,
    }
    return Episode(**{**values, **fields})


def minimum_jerk(length_m: float, n_steps: int) -> NDArray[np.float64]:
    """Positions (n_steps + 1,) of the smoothest reach from rest to rest."""
    s = np.linspace(0.0, 1.0, n_steps + 1)
    return np.asarray(length_m * (10 * s**3 - 15 * s**4 + 6 * s**5), dtype=np.float64)


@pytest.fixture(scope="session")
def episode() -> Make:
    """The factory of episodes."""
    return make_episode


@pytest.fixture(scope="session")
def reach() -> Callable[[float, int], NDArray[np.float64]]:
    """The factory of minimum-jerk paths."""
    return minimum_jerk
