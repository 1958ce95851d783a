"""Which episodes are run: an explicit list, fixed before the first step."""

from collections.abc import Iterable

from vla_sim.envs.streams import stream
from vla_sim.records.episode import Arm, EpisodeSpec
from vla_sim.records.instruction import LANGUAGES, Language, Split
from vla_sim.records.manner import MANNERS, Manner
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
) -> EpisodeSpec:
    """The episode that `seed` stands for.

    Goal, manner and language follow from the seed unless given, and are the same in every arm, so
    that arms are paired.
    """
    rng = stream(task_id, seed, "plan")
    goal = int(rng.integers(N_GOALS))
    drawn_manner = MANNERS[rng.integers(len(MANNERS))]
    drawn_language = LANGUAGES[rng.integers(len(LANGUAGES))]
    return EpisodeSpec(
        task_id=task_id,
        seed=seed,
        goal=goal,
        manner=manner or drawn_manner,
        language=language or drawn_language,
        split=split,
        arm=arm,
        n_instructions=n_instructions,
    )


def plan_episodes(
    task_id: str,
    seeds: Iterable[int],
    *,
    arm: Arm = "correct",
    manner: Manner | None = None,
    language: Language | None = None,
    n_instructions: int = 1,
) -> list[EpisodeSpec]:
    """One episode per seed, see `draw_spec`."""
    return [
        draw_spec(
            task_id, s, arm=arm, manner=manner, language=language, n_instructions=n_instructions
        )
        for s in seeds
    ]
