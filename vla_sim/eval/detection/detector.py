"""What a watched policy's signals say: that it will fail, that its words do not fit the scene.

A trace is an episode's signals so far, (D, F): a row a decision, the columns of SIGNALS. Nothing
here knows the truth of the episode it judges; heads and thresholds come from other episodes.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal, Self, get_args

import numpy as np
from numpy.typing import NDArray

from vla_sim.errors import BadConfig, DamagedFile, UnknownName
from vla_sim.eval.detection.conformal import conformal_threshold
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
SMALLEST_SCALE = 1e-6
Doubles = NDArray[np.float64]
Trace = NDArray[np.floating]


@dataclass(frozen=True, kw_only=True)
class TracedEpisode:
    """An episode as a detector learns from it.

    Attributes:
        task_id: Its task.
        trace: (D, F)
        decision_s: Time from one decision to the next [s].
        duration_s: Of the episode [s].
        success: It succeeded at its end, by its true instruction.
        mismatch: What was said names something that is not there.
    """

    task_id: str
    trace: Trace
    decision_s: float
    duration_s: float
    success: bool
    mismatch: bool


@dataclass(frozen=True, kw_only=True)
class Usual:
    """What a task's successes look like: the unit that its traces are measured in."""

    centre: tuple[float, ...]
    scale: tuple[float, ...]
    duration_s: float
    """Median of the successes."""


@dataclass(frozen=True, kw_only=True)
class Detector:
    """Two heads and their thresholds.

    Attributes:
        usual: By task.
        heads: By kind; log odds.
        thresholds: By kind; `alpha` of the episodes that are as they should be pass them.
        alpha: Share of false alarms.
    """

    usual: Mapping[str, Usual]
    heads: Mapping[Kind, LogisticHead]
    thresholds: Mapping[Kind, float]
    alpha: float

    @classmethod
    def fit(
        cls,
        learnt_from: Sequence[TracedEpisode],
        calibrated_on: Sequence[TracedEpisode],
        *,
        alpha: float,
    ) -> Self:
        """The detector of some episodes, calibrated on others.

        Args:
            learnt_from: Gives the heads.
            calibrated_on: Other episodes of the same policy and tasks; its successes and its
                fitting words give the thresholds.
            alpha: Share of false alarms.

        Raises:
            BadConfig: If a task never succeeded, there is one kind only, or there are too few
                episodes for alpha.
        """
        usual = {
            task_id: _usual([e for e in learnt_from if e.task_id == task_id], task_id)
            for task_id in dict.fromkeys(e.task_id for e in learnt_from)
        }
        heads: dict[Kind, LogisticHead] = {}
        for kind in KINDS:
            chosen = [e for e in learnt_from if kind == "mismatch" or not e.mismatch]
            rows = [features(kind, e.trace, e.decision_s, usual[e.task_id]) for e in chosen]
            found = [e.mismatch if kind == "mismatch" else not e.success for e in chosen]
            sizes = [len(part) for part in rows]
            heads[kind] = LogisticHead.fit(
                np.concatenate(rows),
                np.repeat(found, sizes),
                np.repeat([1.0 / size for size in sizes], sizes),
                penalty=PENALTY[kind],
            )
        plain = cls(usual=usual, heads=heads, thresholds=dict.fromkeys(KINDS, np.inf), alpha=alpha)
        thresholds: dict[Kind, float] = {}
        for kind in KINDS:
            normal = [
                e for e in calibrated_on if not e.mismatch and (kind == "mismatch" or e.success)
            ]
            scores = [plain.scores(kind, e.task_id, e.trace, e.decision_s).max() for e in normal]
            thresholds[kind] = conformal_threshold(scores, alpha)
        return cls(usual=usual, heads=heads, thresholds=thresholds, alpha=alpha)

    def check(self, task_id: str) -> None:
        """Raise UnknownName if the detector was not fitted on a task."""
        if task_id not in self.usual:
            raise UnknownName("task of the detector", task_id, self.usual)

    def scores(self, kind: Kind, task_id: str, trace: Trace, decision_s: float) -> Doubles:
        """Log odds at each decision so far, from what was seen until then, (D,) or fewer.

        Raises:
            UnknownName: If the detector was not fitted on the task.
        """
        self.check(task_id)
        return self.heads[kind](features(kind, trace, decision_s, self.usual[task_id]))

    def alarms(self, task_id: str, trace: Trace, decision_s: float) -> dict[Kind, int]:
        """{kind: the decision at which its threshold was passed first}, of those that were."""
        first: dict[Kind, int] = {}
        for kind in KINDS:
            over = self.scores(kind, task_id, trace, decision_s) > self.thresholds[kind]
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
            return cls(
                usual={
                    task_id: Usual(
                        centre=tuple(u["centre"]),
                        scale=tuple(u["scale"]),
                        duration_s=float(u["duration_s"]),
                    )
                    for task_id, u in values["usual"].items()
                },
                heads={kind: LogisticHead.from_json(values["heads"][kind]) for kind in KINDS},
                thresholds={kind: float(values["thresholds"][kind]) for kind in KINDS},
                alpha=float(values["alpha"]),
            )
        except (KeyError, TypeError, ValueError) as error:
            raise DamagedFile(
                f"{source} lacks or garbles {error}; run `vla-sim detect` again"
            ) from error


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


def _usual(episodes: Sequence[TracedEpisode], task_id: str) -> Usual:
    good = [e for e in episodes if e.success and not e.mismatch]
    if not good:
        raise BadConfig(f"no episode of {task_id} succeeded: nothing says what is usual there")
    every = np.concatenate([np.asarray(e.trace, dtype=np.float64) for e in good])
    return Usual(
        centre=tuple(every.mean(axis=0).tolist()),
        scale=tuple(every.std(axis=0).clip(SMALLEST_SCALE).tolist()),
        duration_s=float(np.median([e.duration_s for e in good])),
    )
