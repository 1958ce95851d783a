"""`--env.type=vla_sim`: what LeRobot is told about our tasks."""

from dataclasses import dataclass, field
from typing import Any, cast

import gymnasium
from gymnasium.vector import AsyncVectorEnv, AutoresetMode, SyncVectorEnv, VectorEnv
from lerobot.configs.types import FeatureType, PolicyFeature
from lerobot.envs.configs import EnvConfig

from lerobot_env_vla_sim import episode_env
from lerobot_env_vla_sim.eval_batch import EvalBatch
from lerobot_env_vla_sim.scenes import Scenes
from vla_sim.envs.crank import CrankConfig
from vla_sim.envs.suites import tasks_of
from vla_sim.envs.task_names import short_name
from vla_sim.envs.tasks import make_task
from vla_sim.errors import BadConfig
from vla_sim.ranges import some
from vla_sim.records.embodiment import Embodiment
from vla_sim.records.instruction import Language
from vla_sim.records.observation import PICTURE

Batches = dict[str, dict[int, VectorEnv[Any, Any, Any]]]
"""What LeRobot evaluates on: {group: {number: batch}}."""

TAKES_BATCHES = hasattr(EnvConfig, "create_envs")
"""From 0.6 on LeRobot asks the config for its batches. Before, it makes them itself, and films only
what is one of Gymnasium's own."""

episode_env.register()


@EnvConfig.register_subclass("vla_sim")
@dataclass(kw_only=True)
class VlaSimEnv(EnvConfig):
    """Settings of an evaluation on tasks of vla-sim.

    Raises:
        UnknownName: If there is no such task, suite, language or axis.
        BadConfig: If a number is out of range, or the tasks are not of one robot.
    """

    task: str | None = "Lift"
    """A task by name; from LeRobot 0.6 on also several, or suites, separated by commas."""
    languages: str = "en"
    """Languages of the instructions, "en", "zh" or "en,zh"; the default is that of `bench`."""
    axis: str = ""
    """A domain axis along which all episodes leave the training distribution; empty for none."""
    severity: int = 0
    """How far along the axis: 1 to 3; 0 where no axis is named."""
    image_size: int = 64
    """Height and width of the pictures [px]; policies trained on our data want that of the data."""
    renderer: str = "raycast"
    n_threads: int = 1
    """Threads for physics and pictures of a batch, from LeRobot 0.6 on; changes no result."""
    fps: int = 0
    """Control steps a second; 0 for the task's own, the only ones there are."""
    features: dict[str, PolicyFeature] = field(default_factory=dict)
    """What is seen and done, by the environment's names; follows from the task."""
    features_map: dict[str, str] = field(
        default_factory=lambda: {
            "action": "action",
            "agent_pos": "observation.state",
            f"observation.images.{PICTURE}": f"observation.images.{PICTURE}",
        }
    )
    """The same by LeRobot's names, which are those of our datasets."""

    def __post_init__(self) -> None:
        CrankConfig(**self._pictures, n_threads=self.n_threads)
        _ = self.scenes  # which refuses what cannot be run
        some(task=self.task_ids)
        body = self._body()
        rate_hz = round(1 / body.control_dt_s)
        if self.fps not in (0, rate_hz):
            raise BadConfig(
                f"fps is {self.fps}; {self.task} is controlled at {rate_hz} Hz: leave it away"
            )
        # LeRobot reads these two as fields: the one place where a config is completed.
        self.fps = rate_hz
        self.features = {
            "action": PolicyFeature(type=FeatureType.ACTION, shape=(body.n_act,)),
            "agent_pos": PolicyFeature(type=FeatureType.STATE, shape=(body.n_proprio,)),
            f"observation.images.{PICTURE}": PolicyFeature(
                type=FeatureType.VISUAL, shape=(self.image_size, self.image_size, 3)
            ),
        }

    @property
    def scenes(self) -> Scenes:
        """Which episode a seed stands for."""
        return Scenes(
            languages=cast(tuple[Language, ...], _listed(self.languages)),
            axis=self.axis,
            severity=self.severity,
        )

    @property
    def task_ids(self) -> tuple[str, ...]:
        """Ids of the tasks, each once."""
        return tasks_of(_listed(self.task or ""))

    @property
    def package_name(self) -> str:
        """What LeRobot up to 0.5 imports."""
        return "lerobot_env_vla_sim"

    @property
    def gym_id(self) -> str:
        """What LeRobot up to 0.5 makes."""
        return episode_env.ID

    @property
    def gym_kwargs(self) -> dict[str, Any]:
        """With which arguments LeRobot up to 0.5 makes it.

        Raises:
            BadConfig: If there are several tasks, which it has no place for.
        """
        if len(self.task_ids) > 1:
            raise BadConfig(
                f"task is {self.task!r}, {len(self.task_ids)} tasks; LeRobot before 0.6 evaluates"
                " on one at a time"
            )
        return {"task_id": self.task_ids[0], "scenes": self.scenes, **self._pictures}

    def create_envs(self, n_envs: int, use_async_envs: bool = False) -> Batches:
        """The batches, by name of the task.

        Args:
            n_envs: Episodes at once.
            use_async_envs: Only where LeRobot wants Gymnasium's own batches, before 0.6: whether
                each simulation gets a process. Ours steps all of them on its threads.

        Raises:
            BadConfig: If there are to be none.
        """
        if TAKES_BATCHES:
            return {
                short_name(task_id): {
                    0: EvalBatch(
                        task_id,
                        n_envs,
                        scenes=self.scenes,
                        n_threads=self.n_threads,
                        **self._pictures,
                    )
                }
                for task_id in self.task_ids
            }
        kind = AsyncVectorEnv if use_async_envs else SyncVectorEnv
        arguments = self.gym_kwargs
        made = kind(
            [lambda: gymnasium.make(self.gym_id, **arguments)] * n_envs,
            autoreset_mode=AutoresetMode.SAME_STEP,
        )
        return {short_name(arguments["task_id"]): {0: made}}

    @property
    def _pictures(self) -> dict[str, Any]:
        return {"image_size": self.image_size, "renderer": self.renderer}

    def _body(self) -> Embodiment:
        """The robot of all tasks.

        Raises:
            BadConfig: If they are not of one robot: a policy has one action and one state.
        """
        bodies = {task_id: make_task(task_id).robot.embodiment for task_id in self.task_ids}
        names = {body.name for body in bodies.values()}
        if len(names) > 1:
            listed = ", ".join(f"{short_name(k)} ({body.name})" for k, body in bodies.items())
            raise BadConfig(
                f"task is {self.task!r}, of several robots: {listed}; a policy has one body:"
                " evaluate the others by another call"
            )
        return next(iter(bodies.values()))


def _listed(names: str) -> tuple[str, ...]:
    return tuple(name.strip() for name in names.split(",") if name.strip())
