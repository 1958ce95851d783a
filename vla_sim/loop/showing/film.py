"""Film: what an episode looks like, with what was asked written below it.

A seed stands for the episode that it stands for in a benchmark of the same settings, so that what
failed there can be looked at: `bench` counts seeds from BENCH_SEEDS_FROM.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from vla_sim.agents.replay import ReplayPolicy
from vla_sim.disk.outlet import check_outlet
from vla_sim.envs.axes import asked_shift
from vla_sim.envs.chain import MAX_INSTRUCTIONS
from vla_sim.envs.crank import Crank, CrankConfig, crank_config_for
from vla_sim.envs.language.arms import ARMS
from vla_sim.envs.rollout import run_all
from vla_sim.envs.task_names import short_name, task_id_of
from vla_sim.envs.tasks import check_engine
from vla_sim.errors import BadConfig, UnknownName
from vla_sim.eval.detection.detector import Detector
from vla_sim.loop.acting import Acting
from vla_sim.loop.choice import Choice
from vla_sim.loop.detecting.detect import load_detector
from vla_sim.loop.detecting.traces import watched, with_trace
from vla_sim.loop.evaluation import planned_spec
from vla_sim.loop.outsiders import tolerated, try_out
from vla_sim.loop.paths import with_paths
from vla_sim.loop.policies import policy_of
from vla_sim.loop.showing.film_file import check_format, save_film
from vla_sim.loop.showing.film_frames import captioned, side_by_side
from vla_sim.ranges import MAX_EPISODE_SEED, whole, within
from vla_sim.records.episode import Arm, Episode, EpisodeSpec
from vla_sim.records.instruction import LANGUAGES, Language
from vla_sim.records.manner import MANNERS, Manner
from vla_sim.records.shift import MAX_SEVERITY

_MOST_EPISODES = 16


@dataclass(frozen=True, kw_only=True)
class FilmRun(Acting):
    """Settings of a film."""

    task: str = "Reach"
    """The task, by name; one of your own as path/to/file.py:name."""
    out: Path | None = None
    """A .webp, .gif or .png (one row of stills per episode); TASK.webp where none is given."""
    detector: Path | None = None
    """A file of `vla-sim detect` for the alignment run that acts: what it says stands below the
    picture from the moment it says it."""
    seed: int = 0
    """The first episode; the others follow. A benchmark's are 10000 and up."""
    n: int = 1
    """Episodes, side by side."""
    manner: Manner | None = None
    """Drawn from the seed where none is given."""
    language: Language | None = "en"
    """Of the true instruction; None: drawn from the seed, as in training."""
    arm: Arm = "correct"
    """What the policy is told, see `bench`."""
    axis: str = ""
    """A domain axis along which the episodes leave the training distribution; empty for none."""
    severity: int = 0
    """How far along the axis: 1 to 3."""
    n_instructions: int = 1
    """Instructions in an episode, one after the other; the caption has the first of them."""
    speed: float = 1.0
    """Of the film against real time."""
    size: int = 256
    """Height and width of the film's pictures [px]; the policy sees its own."""
    axes: bool = False
    """A sheet (.png) of one seed along every domain axis, severities 0 to 3, instead of a film."""
    crank: CrankConfig = field(default_factory=CrankConfig)

    def __post_init__(self) -> None:
        with_paths(self)
        check_engine(task_id_of(self.task), self._able.engine)
        self.check_actor()
        whole(1, _MOST_EPISODES, n=self.n)
        whole(0, MAX_EPISODE_SEED, seed=self.seed)
        whole(32, 2048, size=self.size)
        within(0.1, 10, speed=self.speed)
        whole(1, MAX_INSTRUCTIONS, n_instructions=self.n_instructions)
        whole(0, MAX_SEVERITY, severity=self.severity)
        if self.arm not in ARMS:
            raise UnknownName("arm", self.arm, ARMS)
        if self.axes and (self.axis or self.arm != "correct" or self.n_instructions != 1):
            raise BadConfig("a sheet of axes shows all of them; give it no axis, arm or chain")
        if self.detector is not None and (self.axes or not Path(self.policy).is_dir()):
            raise BadConfig("a detector watches an alignment run: give its folder as the policy")
        if self.axes and self.path.suffix.lower() != ".png":
            raise BadConfig(f"a sheet of axes is a .png, not {self.path.name!r}")
        check_format(self.path)

    @property
    def plan(self) -> list[EpisodeSpec]:
        """The episodes, drawn as a benchmark draws them."""
        return [
            planned_spec(
                task_id_of(self.task),
                self.seed + k,
                arm=self.arm,
                languages=LANGUAGES if self.language is None else (self.language,),
                manners=MANNERS if self.manner is None else (self.manner,),
                shift=asked_shift(self.axis, self.severity),
                n_instructions=self.n_instructions,
            )
            for k in range(self.n)
        ]

    @property
    def _able(self) -> CrankConfig:
        """The settings of a crank that can run them."""
        return crank_config_for(asked_shift(self.axis, self.severity), self.crank)

    @property
    def path(self) -> Path:
        """The film's file."""
        name = short_name(task_id_of(self.task)).rpartition(":")[2]
        return self.out or Path(f"{name}-axes.png" if self.axes else f"{name}.webp")


def film(config: FilmRun) -> list[Episode]:
    """Run the episodes, and write the film to `config.path`.

    Returns:
        The episodes, with the film's pictures.

    Raises:
        RunFolderError: If the file cannot be written.
        RenderBackendError: If the renderer cannot draw here.
        DamagedFile: If the detector is damaged or of another checkpoint.
        BadConfig: If it was calibrated on a policy with other switches.
        UnknownName: If it was not fitted on the task.
    """
    check_outlet(config.path)
    task_id, plan, able = task_id_of(config.task), config.plan, config._able
    said = _silence(plan)
    detector = None
    if config.detector is not None:
        detector = load_detector(config.detector, config.choice, config.crank.engine)
        detector.check(task_id)
    try_out(config.choice, [task_id], able)
    large = Crank(task_id, config.n, replace(able, image_size=config.size))
    policy = None if config.choice.is_outside else policy_of(config.choice, large)
    if policy is None or policy.needs_images:
        # It acts on pictures of the size that it knows; the same actions are then filmed large.
        acted, said = _acted(config.choice, Crank(task_id, config.n, able), plan, detector)
        policy = ReplayPolicy(acted)
    episodes = run_all(large, policy, plan, keep_images=True)
    period_s = large.embodiment.control_dt_s / config.speed
    strips = [
        captioned(_pictures(episode), episode, alarms)
        for episode, alarms in zip(episodes, said, strict=True)
    ]
    save_film(config.path, side_by_side(strips), strips, period_s=period_s)
    return episodes


Said = list[dict[str, float]]
"""Of each episode, {what a detector says: from when on [s]}."""


def _silence(plan: Sequence[EpisodeSpec]) -> Said:
    return [{} for _ in plan]


def _acted(
    choice: Choice, crank: Crank, plan: Sequence[EpisodeSpec], detector: Detector | None
) -> tuple[list[Episode], Said]:
    """The episodes, and what a detector says while they run."""
    if detector is None:
        policy = tolerated(policy_of(choice, crank), choice)
        return run_all(crank, policy, plan), _silence(plan)
    seen = watched(choice, crank)
    episodes = run_all(crank, seen, plan)
    return episodes, [detector.said(with_trace(episode, seen)) for episode in episodes]


def _pictures(episode: Episode) -> NDArray[np.uint8]:
    assert episode.images is not None
    return episode.images
