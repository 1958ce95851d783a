"""What a report is made of: numbers, pictures and words, and nothing of where they came from."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vla_sim.errors import BadConfig
from vla_sim.eval.health.health_report import HealthReport
from vla_sim.eval.report.change import Change
from vla_sim.eval.report.timeline import Timeline
from vla_sim.records.episode_row import EpisodeRow
from vla_sim.records.reports import EvalReport, StopDecision


@dataclass(frozen=True, kw_only=True)
class Film:
    """One episode as it was seen.

    Attributes:
        task_id: Gymnasium id.
        frames: uint8 (T, h, w, 3), T >= 1.
        frame_s: Time between frames [s].
        text_en: The instruction in English.
        text_zh: The same in Chinese; may be empty.
        outcome: What came of it, in a few words.
        succeeded: Colours the outcome.
    """

    task_id: str
    frames: NDArray[np.uint8]
    frame_s: float
    text_en: str
    text_zh: str
    outcome: str
    succeeded: bool

    def __post_init__(self) -> None:
        """Refuse what is no film.

        Raises:
            BadConfig: If the frames have the wrong type or shape.
        """
        shape = self.frames.shape
        if self.frames.dtype != np.uint8 or len(shape) != 4 or shape[-1] != 3 or 0 in shape:
            raise BadConfig(
                f"a film of {self.task_id} needs uint8 frames (T, h, w, 3); "
                f"got {self.frames.dtype} {shape}"
            )


@dataclass(frozen=True, kw_only=True)
class FailureExample:
    """One failure in three views: what was seen, what was attended to, what was done.

    Attributes:
        kind: A name from `FAILURE_KINDS`.
        n_of_kind: How many of the `n_episodes` failed this way.
        n_episodes: How many were looked at.
        film: The episode.
        timeline: Its speed, acceleration and jerk with the red lines.
        picture: uint8 (h, w, 3), the picture that the attention belongs to; None where there is no
            attention to show.
        attention: (gh, gw), >= 0, any scale.
        verdict: What went wrong, in a sentence or two.
    """

    kind: str
    n_of_kind: int
    n_episodes: int
    film: Film
    timeline: Timeline
    picture: NDArray[np.uint8] | None = None
    attention: NDArray[np.floating] | None = None
    verdict: str = ""


@dataclass(frozen=True, kw_only=True)
class Practice:
    """How a policy got better by reinforcement.

    Attributes:
        rows: The learning curve, one or more rows: "env_steps" and "elapsed_s"; "success" and
            "return" of the last `window` training episodes, where there were some; "held_out", the
            success on held-out scenes, where it was measured; "share/NAME", the share of training
            episodes with a violation that was to stay rare, and "price/NAME", what it cost.
        window: Training episodes over which success and return are taken.
        steps_to_80: Control steps after which 80 % of them had succeeded; None if that never was.
        learner: Name of the algorithm.
        kept_at: Control steps after which the policy was as it was kept; None for the end.
        unmeasured: Why before and after are not beside each other; empty where they are.
    """

    rows: tuple[Mapping[str, float], ...]
    window: int
    steps_to_80: int | None
    learner: str = "PPO"
    kept_at: int | None = None
    unmeasured: str = ""

    def __post_init__(self) -> None:
        """Refuse a curve without a point.

        Raises:
            BadConfig: If there is no row.
        """
        if not self.rows:
            raise BadConfig("the curve of a practice has no row; let it finish a round first")


@dataclass(frozen=True, kw_only=True)
class Claim:
    """A measured number beside the bar that it has to take."""

    name: str
    value: str
    bar: str
    holds: bool
    command: str = ""
    """How to measure it again."""


@dataclass(frozen=True, kw_only=True)
class Clip:
    """A film that lies on disk, of one row.

    Attributes:
        place: Of the row in its result.
        gif: The film's bytes.
    """

    place: int
    gif: bytes


@dataclass(frozen=True, kw_only=True)
class ReportInput:
    """Everything that one report shows; empty parts leave their section out.

    Attributes:
        title: What was run.
        history: The evaluations during training, in order.
        decisions: What was decided at each of them.
        final: The benchmark of the kept model, with the control arms.
        success: Name of the rate that counts as success.
        retrieval: Values whose mean is drawn as R@10.
        practice: How it got better by reinforcement; None where it did not.
        change: The same episodes before and after that; None where they were not measured.
        losses: Rows of the loss history with "elapsed_s" and a column per loss.
        gradients: Rows of which way the losses pulled, see `gradient_charts`.
        films: One or more per task.
        failures: One per kind.
        claims: Benchmark numbers.
        health: The space of the kept checkpoint from inside; None where nobody looked.
        run_card: See `run_card`; empty for the card of `final`.
        name: Tells it from others on the same page; empty where it is alone.
        rows: The episodes of `final`, in their order, where they are known.
        clips: Films of some of the rows.
        sheet: A contact sheet of them as PNG; empty for none.
    """

    title: str
    history: tuple[EvalReport, ...] = ()
    decisions: tuple[StopDecision, ...] = ()
    final: EvalReport | None = None
    success: str = "success_at_end"
    retrieval: tuple[str, ...] = ("V->L/R@10", "L->V/R@10")
    practice: Practice | None = None
    change: Change | None = None
    losses: tuple[Mapping[str, float], ...] = ()
    gradients: tuple[Mapping[str, Any], ...] = ()
    films: tuple[Film, ...] = ()
    failures: tuple[FailureExample, ...] = ()
    claims: tuple[Claim, ...] = ()
    health: HealthReport | None = None
    run_card: Mapping[str, str] = field(default_factory=dict)
    name: str = ""
    rows: tuple[EpisodeRow, ...] = ()
    clips: tuple[Clip, ...] = ()
    sheet: bytes = b""

    def __post_init__(self) -> None:
        """Refuse a history that was not decided on.

        Raises:
            BadConfig: If reports and decisions are not as many.
        """
        if len(self.history) != len(self.decisions):
            raise BadConfig(
                f"{len(self.history)} reports need as many decisions; got {len(self.decisions)}"
            )

    @property
    def kept(self) -> int | None:
        """Index of the evaluation whose checkpoint was kept: the last best one."""
        best = [i for i, decision in enumerate(self.decisions) if decision.is_best]
        return best[-1] if best else None

    @property
    def stopped(self) -> int | None:
        """Index of the evaluation that stopped the run; None where it ran to its end."""
        return next((i for i, decision in enumerate(self.decisions) if decision.stop), None)
