"""What a watched policy's signals say: that it will fail, that its words do not fit the scene.

A trace is an episode's signals so far, (D, F): a row a decision, the columns of SIGNALS. Nothing
here knows the truth of the episode it judges; heads and thresholds come from other episodes.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any, Literal, Self, get_args

import numpy as np
from numpy.typing import NDArray

from vla_sim.errors import BadConfig, DamagedFile, UnknownName
from vla_sim.eval.detection.conformal import conformal_threshold, is_enough
from vla_sim.eval.detection.logistic import LogisticHead
from vla_sim.records.signals import SIGNALS

Kind = Literal["failure", "mismatch"]
KINDS: tuple[Kind, ...] = get_args(Kind)
SENTENCES: Mapping[Kind, str] = {
    "failure": "this will fail",
    "mismatch": "the words do not fit the scene",
}
EARLY = 3
"""Decisions by which words are judged: later the scene has been changed by acting on them."""
RECENT = 5
"""Decisions that count as the present."""
PENALTY: Mapping[Kind, float] = {"failure": 0.1, "mismatch": 0.01}
HOLD = 1.0
"""The penalty by which a task's own head is held to that of all tasks where one episode is of the
rarer kind; half of it where two are, and so on: the more there are, the more they may say."""
SMALLEST_SCALE = 1e-6
Doubles = NDArray[np.float64]
Trace = NDArray[np.floating]


@dataclass(frozen=True, kw_only=True)
class TracedEpisode:
    """An episode as a detector learns from it.

    Attributes:
        task_id: Its task.
        scene: Its scene's seed. Who told the same scene in other words has another episode of it,
            which says little that is new.
        trace: (D, F)
        decision_s: Time from one decision to the next [s].
        duration_s: Of the episode [s].
        success: It succeeded at its end, by its true instruction.
        mismatch: What was said names something that is not there.
    """

    task_id: str
    scene: int
    trace: Trace
    decision_s: float
    duration_s: float
    success: bool
    mismatch: bool


@dataclass(frozen=True, kw_only=True)
class Usual:
    """What a task's successes look like: the unit that its traces are measured in.

    Of all its episodes where none succeeded.
    """

    centre: tuple[float, ...]
    scale: tuple[float, ...]
    duration_s: float
    """Median of them."""


@dataclass(frozen=True, kw_only=True)
class Detector:
    """A head for each kind and task, and their thresholds.

    What is told by a failing hand is not told by a failing car, and what is asked for is found in
    one task by another query than in the next.

    Attributes:
        usual: By task.
        prior: By task; log odds of a failure before anything is seen.
        heads: By kind and task; log odds where both are as frequent.
        thresholds: By kind and task; on average over calibrations at most `alpha` of the task's
            scenes pass them in an episode that is as it should be. None where too few scenes were
            so to say, or the head knows nothing: no alarm is raised then.
        alpha: Share of false alarms.
    """

    usual: Mapping[str, Usual]
    prior: Mapping[str, float]
    heads: Mapping[Kind, Mapping[str, LogisticHead]]
    thresholds: Mapping[Kind, Mapping[str, float | None]]
    alpha: float

    @classmethod
    def learnt(cls, episodes: Sequence[TracedEpisode], *, alpha: float) -> Self:
        """The detector of some episodes, which raises no alarm before it is `calibrated`.

        Where nothing failed, or all did, there is no failure to tell from a success: its heads of
        failures know nothing then, see `knows`.

        Args:
            episodes: With words that fit and words that do not.
            alpha: Share of false alarms.

        Raises:
            BadConfig: If a task has no episode whose words fit.
        """
        usual = {
            task_id: _usual([e for e in episodes if e.task_id == task_id], task_id)
            for task_id in dict.fromkeys(e.task_id for e in episodes)
        }
        return cls(
            usual=usual,
            prior={task_id: _log_odds(episodes, task_id) for task_id in usual},
            heads={kind: _heads(kind, episodes, usual) for kind in KINDS},
            thresholds={kind: dict.fromkeys(usual) for kind in KINDS},
            alpha=alpha,
        )

    def calibrated(self, episodes: Sequence[TracedEpisode]) -> Self:
        """This detector with thresholds.

        Args:
            episodes: Others than it learnt from, of the same policy and tasks: successes and
                fitting words count.
        """
        thresholds = {
            kind: {task_id: self._threshold(kind, task_id, episodes) for task_id in self.usual}
            for kind in KINDS
        }
        return replace(self, thresholds=thresholds)

    def knows(self, kind: Kind) -> bool:
        """Whether it learnt from both ends, so that what it says of this depends on what it sees.

        A task of one end only is judged by what was learnt of the others.
        """
        return any(head.knows for head in self.heads[kind].values())

    def _threshold(
        self, kind: Kind, task_id: str, episodes: Sequence[TracedEpisode]
    ) -> float | None:
        """Of a task's own scenes: what is seldom among all tasks may be frequent in one.

        Episodes of one scene are no two draws, so a scene counts once, with its highest score.
        """
        if not self.knows(kind):
            return None
        highest: dict[int, float] = {}
        for e in episodes:
            if e.task_id == task_id and not e.mismatch and (kind == "mismatch" or e.success):
                score = float(self.scores(kind, task_id, e.trace, e.decision_s).max())
                highest[e.scene] = max(score, highest.get(e.scene, -np.inf))
        if not is_enough(len(highest), self.alpha):
            return None
        return conformal_threshold(list(highest.values()), self.alpha)

    def check(self, task_id: str) -> None:
        """Raise UnknownName if the detector was not fitted on a task."""
        if task_id not in self.usual:
            raise UnknownName("task of the detector", task_id, self.usual)

    def scores(self, kind: Kind, task_id: str, trace: Trace, decision_s: float) -> Doubles:
        """Log odds at each decision so far, from what was seen until then, (D,) or fewer.

        Of words that do not fit where as many do as do not, since who says them is not known.

        Raises:
            UnknownName: If the detector was not fitted on the task.
        """
        self.check(task_id)
        prior = self.prior[task_id] if kind == "failure" else 0.0
        head = self.heads[kind][task_id]
        return prior + head(features(kind, trace, decision_s, self.usual[task_id]))

    def alarms(self, task_id: str, trace: Trace, decision_s: float) -> dict[Kind, int]:
        """{kind: the decision at which its threshold was passed first}, of those that were."""
        first: dict[Kind, int] = {}
        for kind in KINDS:
            threshold = self.thresholds[kind][task_id]
            if threshold is None:
                continue
            over = self.scores(kind, task_id, trace, decision_s) > threshold
            if over.any():
                first[kind] = int(over.argmax())
        return first

    def said(self, episode: TracedEpisode) -> dict[str, float]:
        """{what it says: from when on [s]} of an episode."""
        raised = self.alarms(episode.task_id, episode.trace, episode.decision_s)
        return sentences(raised, episode.decision_s)

    def to_json(self) -> dict[str, Any]:
        """As JSON can hold it."""
        return {"signals": list(SIGNALS), **asdict(self)}

    @classmethod
    def from_json(cls, values: Mapping[str, Any], source: object) -> Self:
        """The detector that `to_json` was asked for.

        Raises:
            DamagedFile: If it is none, or reads other signals.
        """
        try:
            if values["signals"] != list(SIGNALS):
                raise DamagedFile(f"{source} reads other signals; run `vla-sim detect` again")
            found = cls(
                usual={
                    task_id: Usual(
                        centre=tuple(u["centre"]),
                        scale=tuple(u["scale"]),
                        duration_s=float(u["duration_s"]),
                    )
                    for task_id, u in values["usual"].items()
                },
                prior={task_id: float(odds) for task_id, odds in values["prior"].items()},
                heads={
                    kind: {
                        task_id: LogisticHead.from_json(head)
                        for task_id, head in values["heads"][kind].items()
                    }
                    for kind in KINDS
                },
                thresholds={
                    kind: {
                        task_id: None if value is None else float(value)
                        for task_id, value in values["thresholds"][kind].items()
                    }
                    for kind in KINDS
                },
                alpha=float(values["alpha"]),
            )
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            raise DamagedFile(
                f"{source} lacks or garbles {error}; run `vla-sim detect` again"
            ) from error
        parts = (found.prior, *found.heads.values(), *found.thresholds.values())
        if any(part.keys() != found.usual.keys() for part in parts):
            raise DamagedFile(f"{source} tells of some tasks in part; run `vla-sim detect` again")
        if why := found._wrong():
            raise DamagedFile(f"{source}: {why}; run `vla-sim detect` again")
        return found

    def _wrong(self) -> str:
        """What its numbers could not work with; "" where there is nothing."""
        for task_id, usual in self.usual.items():
            if not len(usual.centre) == len(usual.scale) == len(SIGNALS):
                return f"{task_id} has no unit for each signal"
            numbers = (*usual.centre, *usual.scale, usual.duration_s, self.prior[task_id])
            if not np.isfinite(numbers).all() or min(*usual.scale, usual.duration_s) <= 0.0:
                return f"the unit of {task_id} is none"
            for kind in KINDS:
                wanted = features(kind, np.zeros((1, len(SIGNALS))), 1.0, usual).shape[1]
                if len(self.heads[kind][task_id].weight) != wanted:
                    return f"the head for {kind} of {task_id} does not fit the signals"
                threshold = self.thresholds[kind][task_id]
                if threshold is not None and not np.isfinite(threshold):
                    return f"the threshold for {kind} of {task_id} is no number"
        return ""


def sentences(raised: Mapping[Kind, int], decision_s: float) -> dict[str, float]:
    """{what is said: from when on [s]} of alarms, see `Detector.alarms`."""
    return {SENTENCES[kind]: place * decision_s for kind, place in raised.items()}


def features(kind: Kind, trace: Trace, decision_s: float, usual: Usual) -> Doubles:
    """What a head is given at each decision, (D, X); of words, at the first few only.

    Each row follows from the decisions up to its own.
    """
    unit = (np.asarray(trace, dtype=np.float64) - usual.centre) / usual.scale
    unit = np.clip(unit, -8.0, 8.0)
    count = np.arange(1, len(unit) + 1)[:, None]
    total = unit.cumsum(axis=0)
    if kind == "mismatch":
        return (total / count)[:EARLY]
    before = np.concatenate((np.zeros((RECENT, unit.shape[1])), total))[: len(total)]
    recent = (total - before) / np.minimum(count, RECENT)
    elapsed = np.log1p(count * decision_s / usual.duration_s)
    return np.concatenate((recent, total / count, np.maximum.accumulate(unit), elapsed), axis=1)


def _heads(
    kind: Kind, episodes: Sequence[TracedEpisode], usual: Mapping[str, Usual]
) -> dict[str, LogisticHead]:
    """Each task's head: that of all tasks, as far as the task's own episodes do not say otherwise.

    A task of one kind only has the head of all tasks; where all are of one kind, nobody knows.
    """
    chosen = [e for e in episodes if kind == "mismatch" or not e.mismatch]
    found = [e.mismatch if kind == "mismatch" else not e.success for e in chosen]
    rows = [features(kind, e.trace, e.decision_s, usual[e.task_id]) for e in chosen]

    def fit(places: Sequence[int], penalty: float, around: LogisticHead | None) -> LogisticHead:
        sizes = [len(rows[k]) for k in places]
        return LogisticHead.fit(
            np.concatenate([rows[k] for k in places]),
            np.repeat([found[k] for k in places], sizes),
            np.repeat([1.0 / size for size in sizes], sizes),
            penalty=penalty,
            around=around,
        )

    if all(found) or not any(found):
        return dict.fromkeys(usual, LogisticHead.knowing_nothing(rows[0].shape[1]))
    of_all = fit(range(len(chosen)), PENALTY[kind], None)
    heads = {}
    for task_id in usual:
        places = [k for k, e in enumerate(chosen) if e.task_id == task_id]
        n_found = sum(found[k] for k in places)
        rarer = min(n_found, len(places) - n_found)
        heads[task_id] = fit(places, HOLD / rarer, of_all) if rarer else of_all
    return heads


def _log_odds(episodes: Sequence[TracedEpisode], task_id: str) -> float:
    """Of a failure of a task, with half an episode more of either end (J. B. S. Haldane, 1956)."""
    ended = [e.success for e in episodes if e.task_id == task_id and not e.mismatch]
    n_good = sum(ended)
    return float(np.log((len(ended) - n_good + 0.5) / (n_good + 0.5)))


def _usual(episodes: Sequence[TracedEpisode], task_id: str) -> Usual:
    told = [e for e in episodes if not e.mismatch]
    if not told:
        raise BadConfig(f"no episode of {task_id} has words that fit: what is usual, none says")
    good = [e for e in told if e.success] or told
    every = np.concatenate([np.asarray(e.trace, dtype=np.float64) for e in good])
    return Usual(
        centre=tuple(every.mean(axis=0).tolist()),
        scale=tuple(every.std(axis=0).clip(SMALLEST_SCALE).tolist()),
        duration_s=float(np.median([e.duration_s for e in good])),
    )
