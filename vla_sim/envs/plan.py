"""Which episodes are run: an explicit list, fixed before the first step."""

from collections.abc import Iterable

from vla_sim.envs.axes import axis_of
from vla_sim.envs.streams import stream
from vla_sim.records.episode import Arm, EpisodeSpec
from vla_sim.records.instruction import LANGUAGES, Language, Split
from vla_sim.records.manner import MANNERS, Manner
from vla_sim.records.seed import checked_seed
from vla_sim.records.shift import Shift
from vla_sim.records.triple import N_GOALS


def draw_spec(
    task_id: str,
    seed: int,
    *,
    arm: Arm = "correct",
    manner: Manner | None = None,
    language: Language | None = None,
    split: Split = "seen",
    n_instructions: int = 1,
    axis: str = "",
    severity: int = 0,
) -> EpisodeSpec:
    """The episode that `seed` stands for.

    Goal, manner and language follow from the seed unless given, and are the same in every arm, so
    that arms are paired. Along an axis the same seed stands for the same scene, changed.

    Raises:
        UnknownName: If there is no such axis.
        BadConfig: If the severity or the seed is out of range, or the seed is no whole number.
    """
    seed = checked_seed(seed)
    shift = Shift(axis=axis, severity=severity)
    domain = axis_of(shift)
    rng = stream(task_id, seed, "plan")
    goal = int(rng.integers(N_GOALS))
    drawn_manner = MANNERS[rng.integers(len(MANNERS))]
    drawn_language = LANGUAGES[rng.integers(len(LANGUAGES))]
    language = language or drawn_language
    if not shift.is_training:
        words = stream(task_id, seed, "axis")
        language, split = domain.words(language, split, severity, words)
    return EpisodeSpec(
        task_id=task_id,
        seed=seed,
        goal=goal,
        manner=manner or drawn_manner,
        language=language,
        split=split,
        arm=arm,
        n_instructions=n_instructions,
        axis=axis,
        severity=severity,
    )


def plan_episodes(
    task_id: str,
    seeds: Iterable[int],
    *,
    arm: Arm = "correct",
    manner: Manner | None = None,
    language: Language | None = None,
    n_instructions: int = 1,
    axis: str = "",
    severity: int = 0,
) -> list[EpisodeSpec]:
    """One episode per seed, see `draw_spec`."""
    return [
        draw_spec(
            task_id,
            s,
            arm=arm,
            manner=manner,
            language=language,
            n_instructions=n_instructions,
            axis=axis,
            severity=severity,
        )
        for s in seeds
    ]
