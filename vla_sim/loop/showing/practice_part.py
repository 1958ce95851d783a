"""A finetuning's part of a report: before and after, the learning curve, films."""

from collections.abc import Mapping
from pathlib import Path

from vla_sim.disk.atomic import read_json
from vla_sim.envs.suites import tasks_of
from vla_sim.envs.task_names import short_name
from vla_sim.errors import BadConfig, ProtocolMismatch, RunFolderError
from vla_sim.eval.report.change import Change
from vla_sim.eval.report.content import Practice, ReportInput
from vla_sim.loop.benching.comparing import comparison_of
from vla_sim.loop.benching.result import CARD, Result, is_result, read_result
from vla_sim.loop.evaluation import bodies
from vla_sim.loop.run_folder import AFTER, BEFORE, RunFolder
from vla_sim.loop.showing.change_films import Acted, scene_films
from vla_sim.loop.showing.run_record import benchmark_of, card_of, config_of, numbers_of, rig_of
from vla_sim.loop.showing.showcase import ShowcaseConfig, showcase
from vla_sim.records.reports import EvalReport


def practice_part(folder: RunFolder, shown: ShowcaseConfig, *, title: str = "") -> ReportInput:
    """What a report says of a finetuning.

    Args:
        folder: Of the run.
        shown: How much is filmed.
        title: At its head; says what was practised where none is given.

    Raises:
        RunFolderError: If the run has no policy yet.
        DamagedFile: If one of its files is damaged, or was edited.
    """
    # Here, because stable-baselines3 is heavy and other reports do without it.
    from vla_sim.loop.rl.finetune import CURVE, steps_to
    from vla_sim.loop.rl.rl_learner import WINDOW
    from vla_sim.loop.rl.rl_policy import ENCODER, INDEX

    if not (folder.path / INDEX).is_file():
        raise RunFolderError(
            f"{folder.path} has no policy yet: let `vla-sim finetune` finish its first round"
        )
    config = config_of(folder)
    task_ids = tasks_of(config.get("tasks") or [str(config["task"])])
    before, after = (_result(folder.path / name) for name in (BEFORE, AFTER))
    change = None
    if before is not None and after is not None:
        began = Acted(said=before.policy, place=folder.path / ENCODER)
        ended = Acted(said=after.policy, place=folder.path)
        change = scene_films(_change(before, after), began, ended, shown)
    films, failures = showcase(str(folder.path), bodies(task_ids), rig_of(folder, "crank"), shown)
    kept_at = folder.read_json(INDEX).get("notes", {}).get("env_steps")
    practised = short_name(task_ids[0]) if len(task_ids) == 1 else f"{len(task_ids)} tasks"
    final = benchmark_of(folder) if after is None else after.report
    return ReportInput(
        title=title or f"{practised} by reinforcement, with vla-sim",
        practice=Practice(
            rows=numbers_of(folder, CURVE),
            window=WINDOW,
            steps_to_80=steps_to(folder, 0.8),
            learner=str(config.get("algorithm", "ppo")).upper(),
            kept_at=kept_at,
            unmeasured=_missing(before, after),
        ),
        change=change,
        films=films,
        failures=failures,
        final=final,
        run_card=_card(folder, final),
    )


def _change(before: Result, after: Result) -> Change:
    """What the two results say of each other."""
    comparison, refused = None, ""
    try:
        comparison = comparison_of({AFTER: after, BEFORE: before})
    except (ProtocolMismatch, BadConfig) as error:
        refused = str(error)
    return Change(before=before.rows, after=after.rows, comparison=comparison, refused=refused)


def _result(folder: Path) -> Result | None:
    """A whole result; None where it was not measured, or not to the end."""
    if not is_result(folder):
        return None
    try:
        return read_result(folder)
    except RunFolderError:
        return None


def _missing(before: Result | None, after: Result | None) -> str:
    """Which of the two measurements is not there; empty where both are."""
    lacking = [name for name, result in ((BEFORE, before), (AFTER, after)) if result is None]
    if not lacking:
        return ""
    return (
        f"This run holds no measurement {' and '.join(lacking)} practice, so what practice changed "
        "cannot be said; `vla-sim finetune` with --episodes above 0 makes both."
    )


def _card(folder: RunFolder, final: EvalReport | None) -> Mapping[str, str]:
    """That of the benchmark afterwards in full, where its result lies there."""
    whole = folder.path / AFTER / CARD
    if whole.is_file():
        return {str(name): str(value) for name, value in read_json(whole).items()}
    return card_of(folder, final)
