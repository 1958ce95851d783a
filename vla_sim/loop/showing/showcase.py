"""The showcase of a report: films of what the policy does, and one worked example per failure."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from vla_sim.agents.aligned import padded
from vla_sim.envs.crank import Crank, CrankConfig
from vla_sim.envs.language.grammar import say
from vla_sim.envs.plan import draw_spec
from vla_sim.envs.rollout import run_all
from vla_sim.envs.streams import stream
from vla_sim.eval.body import Body
from vla_sim.eval.failures import FAILURE_KINDS, failure_kind
from vla_sim.eval.report.content import FailureExample, Film
from vla_sim.eval.report.pictures import thinned
from vla_sim.eval.report.timeline import timeline
from vla_sim.loop.learned import LearnedModel
from vla_sim.loop.policies import policy_of
from vla_sim.ranges import whole
from vla_sim.records.episode import Episode
from vla_sim.records.instruction import Language

Floats = NDArray[np.float32]

SHOWCASE_SEEDS_FROM = 20_000
"""Scenes that are filmed; they count in no number."""


@dataclass(frozen=True, kw_only=True)
class ShowcaseConfig:
    """Settings of a showcase."""

    n_episodes: int = 12
    """Episodes per task to choose from."""
    n_failures: int = 6
    """Most failures worked out, each of another kind."""
    n_scenes: int = 6
    """Scenes of a finetuning that are filmed before and after it, those that changed first."""
    frame_every: int = 2
    """Of how many control steps a film of the page shows one."""

    def __post_init__(self) -> None:
        whole(1, n_episodes=self.n_episodes, frame_every=self.frame_every)
        whole(0, n_failures=self.n_failures, n_scenes=self.n_scenes)


def showcase(
    policy: str,
    bodies: dict[str, Body],
    crank: CrankConfig,
    config: ShowcaseConfig,
    model: LearnedModel | None = None,
) -> tuple[tuple[Film, ...], tuple[FailureExample, ...]]:
    """Films of each task, a success first where there is one, and failures by kind.

    Args:
        policy: Who acts, named as `policy_of` takes it.
        bodies: Of the tasks to film.
        crank: How it sees.
        config: How much is shown.
        model: Says where it looked; None where nothing can.
    """
    films: list[Film] = []
    failed: list[Episode] = []
    n_looked_at = 0
    for task_id in bodies:
        batch = Crank(task_id, min(config.n_episodes, 16), crank)
        seeds = range(SHOWCASE_SEEDS_FROM, SHOWCASE_SEEDS_FROM + config.n_episodes)
        plan = [draw_spec(task_id, seed) for seed in seeds]
        episodes = run_all(batch, policy_of(policy, batch), plan, keep_images=True)
        n_looked_at += len(episodes)
        best = max(episodes, key=lambda e: (e.success_at_end, e.success_once))
        films.append(_film(best, config))
        failed += [e for e in episodes if not e.success_at_end]
    return tuple(films), _failures(model, bodies, failed, n_looked_at, config)


def _failures(
    model: LearnedModel | None,
    bodies: dict[str, Body],
    failed: Sequence[Episode],
    n_looked_at: int,
    config: ShowcaseConfig,
) -> tuple[FailureExample, ...]:
    counts = Counter(failure_kind(episode) for episode in failed)
    examples = []
    for kind, n_of_kind in counts.most_common(config.n_failures):
        episode = next(e for e in failed if failure_kind(e) == kind)
        assert episode.images is not None
        # Where it looked when half of the episode was over: early enough to see it go wrong.
        moment = episode.n_steps // 2
        attention = None if model is None else _attention(model, episode, moment)
        examples.append(
            FailureExample(
                kind=kind,
                n_of_kind=n_of_kind,
                n_episodes=n_looked_at,
                film=_film(episode, config),
                timeline=timeline(episode, bodies[episode.spec.task_id]),
                picture=None if attention is None else episode.images[moment],
                attention=attention,
                verdict=_verdict(episode, kind, attention, moment),
            )
        )
    return tuple(examples)


def _attention(model: LearnedModel, episode: Episode, moment: int) -> Floats:
    """Where the model looks in one picture of an episode, (gh, gw)."""
    assert episode.images is not None
    decision = model.decide(
        episode.spec.task_id,
        episode.images[moment : moment + 1],
        padded(episode.proprio[moment : moment + 1]),
        [episode.shown.text],
    )
    attention: Floats = decision.attention[0]
    return attention


def _verdict(episode: Episode, kind: str, attention: Floats | None, moment: int) -> str:
    """What the episode's own record says about its failure."""
    words = [FAILURE_KINDS[kind]]
    if attention is not None and episode.cell is not None and episode.cell_visible is not None:
        side = len(attention)
        v, u = np.unravel_index(int(attention.argmax()), attention.shape)
        looked = (np.array([u, v]) + 0.5) / side
        off = float(np.abs(looked - episode.cell[moment]).max()) * side
        if not episode.cell_visible[moment]:
            words.append("The referent was out of the picture at half time.")
        elif off <= 1.0:
            words.append("At half time the attention lay on the referent: the words were read.")
        else:
            words.append(f"At half time the attention lay {off:.0f} cells beside the referent.")
    broken = [name for name, steps in episode.violations.items() if steps.any()]
    if broken:
        words.append(f"Limits broken on the way: {', '.join(sorted(broken))}.")
    return " ".join(words)


def _film(episode: Episode, config: ShowcaseConfig) -> Film:
    assert episode.images is not None
    return Film(
        task_id=episode.spec.task_id,
        frames=thinned(episode.images, config.frame_every),
        frame_s=episode.control_dt_s * config.frame_every,
        text_en=_said(episode, "en"),
        text_zh=_said(episode, "zh"),
        outcome="success" if episode.success_at_end else FAILURE_KINDS[failure_kind(episode)],
        succeeded=episode.success_at_end,
    )


def _said(episode: Episode, language: Language) -> str:
    """The episode's words, or their parallel in the other language."""
    if episode.instruction.language == language:
        return episode.instruction.text
    rng = stream(episode.spec.task_id, episode.spec.seed, "words")
    meaning, split = episode.instruction.meaning, episode.instruction.split
    return say(meaning, language=language, split=split, rng=rng).text
