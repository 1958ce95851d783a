"""Rows: what a result keeps of its episodes, from each episode alone."""

from collections.abc import Iterable, Mapping
from math import isfinite

from vla_sim.errors import UnknownName
from vla_sim.eval.body import Body
from vla_sim.eval.events import event_counts
from vla_sim.eval.failures import failure_kind
from vla_sim.eval.metrics.table import METRICS
from vla_sim.eval.metrics.violations import n_stretches
from vla_sim.eval.shaped_progress import shaped_progress
from vla_sim.records.episode import Episode
from vla_sim.records.episode_row import EpisodeRow


def row_of(episode: Episode, body: Body) -> EpisodeRow:
    """The row of an episode: every metric, every violation, and why it failed."""
    metrics = {name: float(metric.of(episode, body)) for name, metric in METRICS.items()}
    graded = metrics["graded_progress"]
    return EpisodeRow(
        spec=episode.spec,
        rig=episode.rig,
        role=episode.role,
        text=episode.instruction.text,
        shown=episode.shown.text,
        n_steps=episode.n_steps,
        metrics=metrics,
        violations={name: int(steps.sum()) for name, steps in sorted(episode.violations.items())},
        violation_stretches={
            name: n_stretches(steps) for name, steps in sorted(episode.violations.items())
        },
        events=dict(sorted(event_counts(episode).items())),
        progress=graded if isfinite(graded) else shaped_progress(episode),
        failure=failure_kind(episode),
        policy_failure=episode.policy_failure,
        path_length_m=episode.path_length_m,
        expert_path_length_m=float(episode.expert_path_length_m),
        n_goals_equivalent=int(episode.n_goals_equivalent),
        n_goals=int(episode.n_goals),
        n_shielded=episode.n_shielded,
    )


def rows_of(episodes: Iterable[Episode], bodies: Mapping[str, Body]) -> list[EpisodeRow]:
    """The rows of episodes, in the order of a result.

    Raises:
        UnknownName: If `bodies` lacks an episode's task.
    """
    rows = []
    for episode in episodes:
        if episode.spec.task_id not in bodies:
            raise UnknownName("body for the task", episode.spec.task_id, bodies)
        rows.append(row_of(episode, bodies[episode.spec.task_id]))
    return sorted(rows, key=lambda row: row.order)
