"""Detect: learn to tell from a policy's own vectors how it will end, and measure how well it does.

Three blocks of scenes that nothing else uses: heads are learnt on the first, thresholds are set on
the second, and what is reported comes from the benchmark's scenes, which no detector saw.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from shlex import quote

import numpy as np
from rich.console import Console

from vla_sim.agents.ensemble import ENSEMBLE
from vla_sim.align.checkpoint import INDEX
from vla_sim.disk import atomic
from vla_sim.disk.outlet import check_outlet
from vla_sim.envs.crank import CrankConfig
from vla_sim.envs.suites import SPINE, tasks_of
from vla_sim.envs.task_names import short_name
from vla_sim.envs.tasks import check_engines
from vla_sim.errors import BadConfig, DamagedFile
from vla_sim.eval.detection.auroc import auroc, auroc_within
from vla_sim.eval.detection.conformal import require_enough
from vla_sim.eval.detection.detector import EARLY, KINDS, Detector, Kind, TracedEpisode, sentences
from vla_sim.eval.statistics import wilson
from vla_sim.loop.benching.benchmark import BENCH_SEEDS_FROM
from vla_sim.loop.choice import RETRIEVAL, Choice
from vla_sim.loop.detecting.traces import ARMS, traced
from vla_sim.loop.paths import with_paths
from vla_sim.loop.policies import best_checkpoint, check_pictures
from vla_sim.loop.progress import bar_of
from vla_sim.ranges import some, whole, within
from vla_sim.records.reports import Estimate

FILE = "detector.json"
"""A detector's file in the folder of its run."""
FORMAT = "vla-sim detector 3"
DETECTOR_SEEDS_FROM = 200_000
"""Scenes that detectors are learnt and calibrated on: neither trained on, nor benchmarked, nor used
to choose a checkpoint."""
MOST_EPISODES = 90_000


@dataclass(frozen=True, kw_only=True)
class DetectRun:
    """Settings of a detector."""

    policy: str = "runs/align"
    """Folder of a checkpoint or of an alignment run."""
    tasks: tuple[str, ...] = tuple(short_name(t) for t in SPINE)
    """Tasks and suites by name; `vla-sim list tasks` shows them."""
    episodes: int = 100
    """Scenes per task to learn from, as many to calibrate on, and as many to report on; each is run
    with true words, with wording never trained on, and with words for what is not there."""
    alpha: float = 0.1
    """Share of a task's scenes in which an episode that is as it should be may raise an alarm."""
    proposals: int = 1
    """Of the policy, see `bench`."""
    guidance: float = 1.0
    """Of the policy, see `bench`."""
    ensemble: float = ENSEMBLE
    """Share of the chunk before in what an aligned policy runs of each chunk; 0: chunks as they
    are."""
    n_slots: int = 16
    """Simulations at once; results do not depend on it."""
    out: Path | None = None
    """Write the detector to this JSON file; into the policy's folder where none is given."""
    crank: CrankConfig = field(default_factory=CrankConfig)

    def __post_init__(self) -> None:
        with_paths(self)
        some(tasks=self.task_ids)
        whole(1, MOST_EPISODES, episodes=self.episodes)
        whole(1, n_slots=self.n_slots)
        within(0.001, 0.5, alpha=self.alpha)
        is_rl = (Path(self.policy) / "finetune.json").is_file()
        if self.policy.startswith(RETRIEVAL) or is_rl or Choice(name=self.policy).is_outside:
            raise BadConfig(f"{self.policy!r} has no decoder to watch; name an alignment run")
        _ = self.choice  # refuses switches that say nothing
        check_engines(self.task_ids, self.crank.engine)
        # All that could be as they should be, whatever the policy is worth.
        try:
            require_enough(self.episodes, self.alpha)
        except BadConfig as error:
            raise BadConfig(f"of each task, {error}") from None

    @property
    def choice(self) -> Choice:
        """The policy with its switches."""
        return Choice(
            name=self.policy,
            proposals=self.proposals,
            guidance=self.guidance,
            ensemble=self.ensemble,
            shield=self.crank.shield,
        )

    @property
    def task_ids(self) -> tuple[str, ...]:
        """Gymnasium ids of the tasks, each once."""
        return tasks_of(self.tasks)

    @property
    def path(self) -> Path:
        """The detector's file."""
        return self.out or Path(self.policy) / FILE


@dataclass(frozen=True, kw_only=True)
class Detection:
    """How well a detector tells, on scenes that it never saw.

    Attributes:
        auroc: {"failure at half the usual time", ...: AUROC with its interval}, of what occurred in
            both kinds.
        false_alarms: By kind, over episodes that are as they should be, if there were any.
        found: By kind, over those that are not, likewise.
        lead_s: Median time from an alarm to the end of the episode that failed [s]; None where no
            episode that failed raised one.
        said: Some of what was said, an episode a line.
        silent: By kind, the tasks in which no alarm is raised, see `Detector`.
        unknown: Kinds of which nothing could be learnt, since all that was learnt from was alike.
    """

    auroc: Mapping[str, Estimate]
    false_alarms: Mapping[Kind, Estimate]
    found: Mapping[Kind, Estimate]
    lead_s: float | None
    said: tuple[str, ...]
    silent: Mapping[Kind, tuple[str, ...]]
    unknown: tuple[Kind, ...]


def detect(run: DetectRun, console: Console) -> Detection:
    """Fit, calibrate, write, measure.

    Raises:
        BadConfig: If the policy is no aligned model, or knows pictures of another size.
        RunFolderError: If the detector cannot be written.
        DamagedFile: If the checkpoint is damaged.
    """
    if not Path(run.policy).is_dir():
        raise BadConfig(
            f"{run.policy!r} is no folder of an aligned model: name the run of an alignment, "
            "--policy RUN, or train one, `vla-sim align --out RUN`"
        )
    check_pictures(run.choice, run.crank)
    fingerprint = fingerprint_of(run.policy)
    check_outlet(run.path)
    n = run.episodes
    blocks = {
        "learn": range(DETECTOR_SEEDS_FROM, DETECTOR_SEEDS_FROM + n),
        "calibrate": range(DETECTOR_SEEDS_FROM + n, DETECTOR_SEEDS_FROM + 2 * n),
        "report": range(BENCH_SEEDS_FROM, BENCH_SEEDS_FROM + n),
    }
    made: dict[str, list[TracedEpisode]] = {name: [] for name in blocks}
    with bar_of("detect", console) as bar:
        line = bar.add_task("", total=len(blocks) * len(run.task_ids) * len(ARMS) * n)
        for name, block in blocks.items():
            for task_id in run.task_ids:
                bar.update(line, description=f"{name}: {short_name(task_id)}")
                made[name] += _traced(run, task_id, block, lambda: bar.advance(line))
    detector = Detector.learnt(made["learn"], alpha=run.alpha).calibrated(made["calibrate"])
    values = {
        "format": FORMAT,
        "checkpoint": fingerprint,
        "acts": _acts(run.choice, run.crank.engine),
        **detector.to_json(),
    }
    atomic.write_text(run.path, json.dumps(values, indent=1))
    return measured(detector, made["report"])


def _traced(
    run: DetectRun, task_id: str, seeds: range, advance: Callable[[], None]
) -> list[TracedEpisode]:
    made = traced(run.choice, task_id, seeds, n_slots=run.n_slots, crank=run.crank, advance=advance)
    return [trace for _, trace in made]


def _acts(choice: Choice, engine: str) -> str:
    """How a model's weights act, as far as it changes how often they fail."""
    return ", ".join(filter(None, (choice.told, f"shield {choice.shield}", engine)))


def measured(detector: Detector, episodes: Sequence[TracedEpisode]) -> Detection:
    """What a detector is worth on episodes that it was not fitted on.

    Failure is judged at one time for all episodes of a task, since the length of an episode tells
    how it ends: at half of what its successes usually take, and at half of the horizon, where an
    episode that has ended keeps its last score. Some tasks fail more often than others, which a
    detector knows; how much it knows beyond that, pairs of the same task say.
    """
    told = [e for e in episodes if not e.mismatch]
    failed = [not e.success for e in told]
    horizon = {
        task_id: max(e.duration_s for e in episodes if e.task_id == task_id)
        for task_id in detector.usual
    }
    half_usual = [_at(detector, e, 0.5 * detector.usual[e.task_id].duration_s) for e in told]
    half_horizon = [_at(detector, e, 0.5 * horizon[e.task_id]) for e in told]
    early = [
        float(detector.scores("mismatch", e.task_id, e.trace, e.decision_s)[-1]) for e in episodes
    ]
    by_rate = [detector.prior[e.task_id] for e in told]
    within = auroc_within(half_horizon, failed, [e.task_id for e in told])
    areas = {
        "failure at half the usual time": _area(half_usual, failed),
        "failure at half the horizon": _area(half_horizon, failed),
        "failure by the rate of its task alone": _area(by_rate, failed),
        "failure within a task, at half the horizon": within,
        f"mismatch after {EARLY} decisions": _area(early, [e.mismatch for e in episodes]),
    }
    alarms = [detector.alarms(e.task_id, e.trace, e.decision_s) for e in episodes]
    normal: dict[Kind, list[bool]] = {kind: [] for kind in KINDS}
    wrong: dict[Kind, list[bool]] = {kind: [] for kind in KINDS}
    leads, said = [], []
    for episode, raised in zip(episodes, alarms, strict=True):
        for kind in KINDS:
            is_wrong = episode.mismatch if kind == "mismatch" else not episode.success
            if kind == "failure" and episode.mismatch:
                continue
            if is_wrong or not episode.mismatch:
                (wrong if is_wrong else normal)[kind].append(kind in raised)
            if kind in raised and is_wrong and kind == "failure":
                leads.append(episode.duration_s - raised[kind] * episode.decision_s)
        said += [_line(episode, sentences(raised, episode.decision_s))] if raised else []
    return Detection(
        auroc={what: area for what, area in areas.items() if area is not None},
        false_alarms={kind: wilson(sum(hits), len(hits)) for kind, hits in normal.items() if hits},
        found={kind: wilson(sum(hits), len(hits)) for kind, hits in wrong.items() if hits},
        lead_s=float(np.median(leads)) if leads else None,
        said=tuple(said[:: max(1, len(said) // 6)][:6]),
        silent={
            kind: tuple(t for t, value in by_task.items() if value is None)
            for kind, by_task in detector.thresholds.items()
        },
        unknown=tuple(kind for kind in KINDS if not detector.knows(kind)),
    )


def _area(scores: Sequence[float], found: Sequence[bool]) -> Estimate | None:
    """Their AUROC; None where all are of one kind."""
    return auroc(scores, found) if any(found) and not all(found) else None


def _at(detector: Detector, episode: TracedEpisode, time_s: float) -> float:
    """The failure score at a time, or at the end of what ended before."""
    scores = detector.scores("failure", episode.task_id, episode.trace, episode.decision_s)
    return float(scores[min(int(time_s / episode.decision_s), len(scores) - 1)])


def _line(episode: TracedEpisode, said: Mapping[str, float]) -> str:
    alarms = "; ".join(f"at {time_s:.1f} s: {sentence}" for sentence, time_s in said.items())
    words = "words for what is not there" if episode.mismatch else "true words"
    ended = "succeeded" if episode.success else "failed"
    return (
        f"{short_name(episode.task_id)} seed {episode.scene}, {words}: {alarms}"
        f" ({ended} at {episode.duration_s:.1f} s)"
    )


def load_detector(path: Path, choice: Choice, engine: str) -> Detector:
    """A detector from its file, for the policy that it was calibrated on.

    Args:
        path: As `detect` wrote it.
        choice: The policy that will be watched, by its folder.
        engine: The physics engine that it will act in.

    Raises:
        DamagedFile: If it is missing, damaged, or of another checkpoint.
        BadConfig: If it is of this checkpoint, with other switches.
    """
    policy = choice.name
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise DamagedFile(f"{path} cannot be read: {error}; run `vla-sim detect`") from error
    if not isinstance(values, dict) or values.get("format") != FORMAT:
        raise DamagedFile(f"{path} is no {FORMAT}; run `vla-sim detect`")
    if values.get("checkpoint") != fingerprint_of(policy):
        raise DamagedFile(
            f"{path} was calibrated on another checkpoint than {policy} holds now; run `vla-sim "
            f"detect --policy {quote(str(policy))}` again"
        )
    if (acted := values.get("acts")) != (acts := _acts(choice, engine)):
        raise BadConfig(
            f"{path} was calibrated on a policy with {acted}, and this one acts with {acts}; take "
            "the same switches, or run `vla-sim detect` with these"
        )
    return Detector.from_json(values, path)


def fingerprint_of(policy: str) -> str:
    """The hash of the weights that a folder's best checkpoint holds.

    Raises:
        DamagedFile: If there is no checkpoint.
    """
    path = best_checkpoint(Path(policy)) / INDEX
    try:
        digest: str = json.loads(path.read_text(encoding="utf-8"))["model"]["sha256"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise DamagedFile(f"{path} cannot be read; name the folder that training wrote") from error
    return digest
