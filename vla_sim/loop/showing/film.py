"""Film: what an episode looks like, with what was asked written below it."""

from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from vla_sim.agents.replay import ReplayPolicy
from vla_sim.disk.outlet import check_outlet
from vla_sim.envs.crank import Crank, CrankConfig
from vla_sim.envs.plan import draw_spec
from vla_sim.envs.rollout import run_all
from vla_sim.envs.task_names import short_name, task_id_of
from vla_sim.errors import BadConfig, UnknownName
from vla_sim.loop.policies import check_policy, policy_of
from vla_sim.loop.showing.film_file import FORMATS, save_film
from vla_sim.loop.showing.film_frames import captioned, side_by_side
from vla_sim.ranges import MAX_EPISODE_SEED, whole, within
from vla_sim.records.episode import Episode
from vla_sim.records.instruction import Language
from vla_sim.records.manner import Manner

_MOST_EPISODES = 16


@dataclass(frozen=True, kw_only=True)
class FilmRun:
    """Settings of a film."""

    task: str = "Reach"
    """The task, by name."""
    out: Path | None = None
    """A .webp, .gif or .png (one row of stills per episode); TASK.webp where none is given."""
    policy: str = "expert"
    """Who acts: expert, random, zero, the folder of a checkpoint or run, or module:name."""
    seed: int = 0
    """The first episode; the others follow."""
    n: int = 1
    """Episodes, side by side."""
    manner: Manner | None = None
    """Drawn from the seed where none is given."""
    language: Language | None = None
    """Of the instruction; drawn from the seed where none is given."""
    speed: float = 1.0
    """Of the film against real time."""
    size: int = 256
    """Height and width of the film's pictures [px]; the policy sees its own."""
    axes: bool = False
    """A sheet (.png) of one seed along every domain axis, severities 0 to 3, instead of a film."""
    crank: CrankConfig = field(default_factory=CrankConfig)

    def __post_init__(self) -> None:
        task_id_of(self.task)
        check_policy(self.policy)
        whole(1, _MOST_EPISODES, n=self.n)
        whole(0, MAX_EPISODE_SEED, seed=self.seed)
        whole(32, 2048, size=self.size)
        within(0.1, 10, speed=self.speed)
        if self.axes and self.path.suffix.lower() != ".png":
            raise BadConfig(f"a sheet of axes is a .png, not {self.path.name!r}")
        if self.path.suffix.lower() not in FORMATS:
            raise UnknownName("film format", self.path.suffix, FORMATS)

    @property
    def path(self) -> Path:
        """The film's file."""
        name = short_name(task_id_of(self.task))
        return self.out or Path(f"{name}-axes.png" if self.axes else f"{name}.webp")


def film(config: FilmRun) -> list[Episode]:
    """Run the episodes, and write the film to `config.path`.

    Returns:
        The episodes, with the film's pictures.

    Raises:
        RunFolderError: If the file cannot be written.
        RenderBackendError: If the renderer cannot draw here.
    """
    check_outlet(config.path)
    task_id = task_id_of(config.task)
    plan = [
        draw_spec(task_id, config.seed + k, manner=config.manner, language=config.language)
        for k in range(config.n)
    ]
    large = Crank(task_id, config.n, replace(config.crank, image_size=config.size))
    policy = policy_of(config.policy, large)
    if policy.needs_images:
        # It acts on pictures of the size that it knows; the same actions are then filmed large.
        seen = Crank(task_id, config.n, config.crank)
        policy = ReplayPolicy(run_all(seen, policy_of(config.policy, seen), plan))
    episodes = run_all(large, policy, plan, keep_images=True)
    period_s = large.embodiment.control_dt_s / config.speed
    strips = [captioned(_pictures(episode), episode) for episode in episodes]
    save_film(config.path, side_by_side(strips), strips, period_s=period_s)
    return episodes


def _pictures(episode: Episode) -> NDArray[np.uint8]:
    assert episode.images is not None
    return episode.images
