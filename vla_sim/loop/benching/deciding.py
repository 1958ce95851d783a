"""Deciding: a policy against another on the same episodes, until it is known who is better.

Which task comes next is drawn beforehand, each with the same chance, so that the mean of a pair's
difference is the difference over all tasks whatever the pairs before came to. Episodes are run in
rounds; pairs behind the one that decides are dropped, so that the outcome does not depend on the
size of a round.
"""

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import Progress, TextColumn, TimeElapsedColumn

from vla_sim.disk.atomic import read_json, write_json
from vla_sim.disk.outlet import check_outlet
from vla_sim.envs.streams import stream
from vla_sim.errors import BadConfig, DamagedFile, RunFolderError
from vla_sim.eval.protocol import Protocol, require_same, require_same_tasks
from vla_sim.eval.run_card import own_task_lines
from vla_sim.eval.sentences import verdict
from vla_sim.eval.sequential import Decision, Outcome
from vla_sim.loop.benching.bench import VERB, open_team
from vla_sim.loop.benching.bench_run import MAY_CHANGE, BenchRun
from vla_sim.loop.benching.benchmark import BENCH_SEEDS_FROM
from vla_sim.loop.benching.provenance import (
    DIGEST,
    OTHER_DIGEST,
    require_alike,
    require_as_begun,
)
from vla_sim.loop.benching.result import is_result, read_result, result_of, write_result
from vla_sim.loop.benching.row_store import RowStore, clear
from vla_sim.loop.benching.team import Plan, check_workers
from vla_sim.loop.benching.until import DECISION
from vla_sim.loop.choice import Choice
from vla_sim.loop.opening import goes_on, opened, refuse_place
from vla_sim.loop.outsiders import try_out
from vla_sim.loop.progress import ProgressLines
from vla_sim.loop.run_folder import BEGUN
from vla_sim.records.episode import EpisodeSpec
from vla_sim.records.episode_row import EpisodeRow, PairKey

FORMAT = "vla-sim decision 1"
POLICY, OTHER = "policy", "other"
"""Folders of the two results."""
LEAST_ROUND = 8
"""Pairs that are run between two looks: a look costs nothing, an idle slot does."""


@dataclass(frozen=True, kw_only=True)
class Decided:
    """What a policy against another came to.

    Attributes:
        first: The policy.
        second: The other.
        outcome: What was compared.
        alpha: Largest chance of calling equal policies different.
        protocol: Stamp of the protocol.
        side: Whether the first is better or worse; empty where it was not decided.
        n_pairs: Pairs that it took, or that there were.
        cap: Pairs that there could be.
        e_value: The evidence; 1 / alpha decides.
        tasks: Task of each pair.
        differences: First minus second of each pair.
        sentence: All that may be said.
    """

    first: str
    second: str
    outcome: Outcome
    alpha: float
    protocol: str
    side: str
    n_pairs: int
    cap: int
    e_value: float
    tasks: tuple[str, ...]
    differences: tuple[float, ...]
    sentence: str


def decide(run: BenchRun, console: Console) -> Decided:
    """Run both policies, or one against a result, until it is decided or the episodes are used up.

    Raises:
        UnknownName: If there is no such policy or task.
        ProtocolMismatch: If the result to compare with was measured otherwise.
        RunFolderError: If the place cannot be written, or holds something else.
    """
    check_workers(run.n_processes, run.executor)
    if run.folder is None:
        if run.out is not None:
            check_outlet(run.out)
        decided = _decide(run, console)
        if run.out is not None:
            _write(run.out, decided)
        return decided
    if run.resume and not (run.folder / BEGUN).exists() and (run.folder / DECISION).is_file():
        return _finished(run, run.folder / DECISION)
    resume = goes_on(run.folder, console, asked=run.resume)
    refuse_place(run.folder, run, verb=VERB, resume=resume, may=MAY_CHANGE)
    card = _card(run)
    if resume:
        require_as_begun(run.folder, card)
    with opened(run.folder, run, verb=VERB, resume=resume, card=card):
        decided = _decide(run, console)
        _write(run.folder / DECISION, decided)
        (run.folder / BEGUN).unlink()
        _clear(run.folder)
    return decided


def _card(run: BenchRun) -> dict[str, str]:
    """The run card of both policies; a result to compare with has one of its own."""
    if is_result(Path(run.until.decided)):
        return run.card()
    other = run.card(Choice(name=run.until.decided))
    return run.card() | ({OTHER_DIGEST: other[DIGEST]} if DIGEST in other else {})


def _decide(run: BenchRun, console: Console) -> Decided:
    until, measurement = run.until, run.measurement
    choices = {POLICY: run.choice, OTHER: Choice(name=until.decided)}
    stores = {
        side: RowStore(None if run.folder is None else run.folder / side, measurement.bodies)
        for side in choices
    }
    known = _known(run)
    if known is not None:
        del choices[OTHER]
    pairs = schedule(measurement.plan, known)
    if len(pairs) < until.test.fewest_pairs:
        raise BadConfig(
            f"{len(pairs)} pairs cannot decide at alpha {until.alpha:g}: it takes "
            f"{until.test.fewest_pairs} at least; give more episodes"
        )

    def rows(spec: EpisodeSpec) -> tuple[EpisodeRow, EpisodeRow]:
        first = stores[POLICY].row(spec)
        return first, stores[OTHER].row(spec) if known is None else known[first.pair_key]

    for choice in choices.values():
        try_out(choice, run.task_ids, measurement.crank)
    differences: list[float] = []
    decision = Decision(side="", n_pairs=0, e_value=1.0)
    size = max(LEAST_ROUND, run.n_slots * max(1, run.n_processes))
    with ExitStack() as stack:
        team = stack.enter_context(open_team(run, in_rounds=True))
        show = stack.enter_context(_line(console, len(pairs)))
        while not decision.side and len(differences) < len(pairs):
            asked = pairs[len(differences) : len(differences) + size]
            for side, choice in choices.items():
                plan = _by_task(asked)
                team.run(choice, stores[side].missing(plan), stores[side], lambda _: None)
            differences += [_difference(*rows(spec), until.on) for spec in asked]
            decision = until.test.decide(differences)
            show(decision)
    used = pairs[: decision.n_pairs]
    decided = _decided(run, decision, used, differences, cap=len(pairs))
    if run.folder is not None:
        for side, choice in choices.items():
            card = run.card(choice)
            kept = [stores[side].row(spec) for spec in used]
            result = result_of(measurement.protocol, kept, card)
            write_result(run.folder / side, result, card)
    return decided


def _known(run: BenchRun) -> dict[PairKey, EpisodeRow] | None:
    """The rows of the result that is compared with; None where it is a policy."""
    place = Path(run.until.decided)
    if not is_result(place):
        return None
    result = read_result(place)
    asked = run.measurement.protocol
    require_same(_as_far_as_compared(result.protocol, asked), _as_far_as_compared(asked, asked))
    here = own_task_lines(asked.tasks)
    require_same_tasks(result.protocol.stamp, {n: result.card.get(n, "") for n in here}, here)
    return {row.pair_key: row for row in result.rows}


def _as_far_as_compared(protocol: Protocol, asked: Protocol) -> Protocol:
    """A protocol without what may differ: how many episodes, and of which tasks and arms beside."""
    return replace(
        protocol,
        stopping="",
        n_episodes=1,
        tasks=tuple(t for t in asked.tasks if t in protocol.tasks) or protocol.tasks,
        arms=tuple(a for a in asked.arms if a in protocol.arms) or protocol.arms,
    )


def schedule(plan: Plan, known: dict[PairKey, EpisodeRow] | None) -> list[EpisodeSpec]:
    """The pairs in the order in which they are looked at, until a task has no more.

    Args:
        plan: The episodes of each task, in the order in which they are used.
        known: The rows of the result that is compared with, which may hold fewer; None where both
            policies are run.
    """
    task_ids = list(plan)
    drawn = stream("+".join(task_ids), BENCH_SEEDS_FROM, "schedule")
    left = {task_id: iter(_there(specs, known)) for task_id, specs in plan.items()}
    pairs: list[EpisodeSpec] = []
    while (spec := next(left[task_ids[drawn.integers(len(task_ids))]], None)) is not None:
        pairs.append(spec)
    return pairs


def _there(
    specs: Sequence[EpisodeSpec], known: dict[PairKey, EpisodeRow] | None
) -> Iterator[EpisodeSpec]:
    """The episodes up to the first that the result to compare with does not hold."""
    held = None if known is None else {(key[0], key[1], key[5]) for key in known}
    for spec in specs:
        if held is not None and (spec.task_id, spec.seed, spec.arm) not in held:
            return
        yield spec


def _difference(first: EpisodeRow, second: EpisodeRow, outcome: Outcome) -> float:
    if outcome == "progress":
        return first.progress - second.progress
    return float(first.success_at_end) - float(second.success_at_end)


def _by_task(specs: Sequence[EpisodeSpec]) -> dict[str, list[EpisodeSpec]]:
    plan: dict[str, list[EpisodeSpec]] = {}
    for spec in specs:
        plan.setdefault(spec.task_id, []).append(spec)
    return plan


def _decided(
    run: BenchRun,
    decision: Decision,
    used: Sequence[EpisodeSpec],
    differences: Sequence[float],
    *,
    cap: int,
) -> Decided:
    first, second = str(run.choice), run.until.decided
    return Decided(
        first=first,
        second=second,
        outcome=run.until.on,
        alpha=run.until.alpha,
        protocol=run.measurement.protocol.stamp,
        side=decision.side,
        n_pairs=decision.n_pairs,
        cap=cap,
        e_value=decision.e_value,
        tasks=tuple(spec.task_id for spec in used),
        differences=tuple(differences[: decision.n_pairs]),
        sentence=verdict(
            decision,
            first=first,
            second=second,
            outcome=run.until.on,
            alpha=run.until.alpha,
            cap=cap,
        ),
    )


def _finished(run: BenchRun, path: Path) -> Decided:
    """The decision that is there already, where nothing is left to do.

    Raises:
        RunFolderError: If something else was decided there, or other policies lie at their places.
        DamagedFile: If it cannot be read back.
    """
    read: Any = read_json(path)
    try:
        if read.pop("format") != FORMAT:
            raise DamagedFile(f"{path} is no decision of this version of vla-sim")
        lists = {name: tuple(read[name]) for name in ("tasks", "differences")}
        decided = Decided(**{**read, **lists})
    except (KeyError, TypeError) as error:
        raise DamagedFile(f"{path} is no decision of vla-sim: {error!r}") from error
    there = (decided.protocol, decided.first, decided.second)
    if there != (run.measurement.protocol.stamp, str(run.choice), run.until.decided):
        raise RunFolderError(f"{path} says: {decided.sentence}; for another question give --out")
    card = _card(run)
    for side, line in ((POLICY, DIGEST), (OTHER, OTHER_DIGEST)):
        place = path.parent / side
        held = read_result(place).card if is_result(place) else {}
        require_alike(path.parent, {line: held[DIGEST]} if DIGEST in held else {}, card)
    _clear(path.parent)
    return decided


def _clear(folder: Path) -> None:
    """Delete the portions of both: until the decision is there, a cut would cost them."""
    for side in (POLICY, OTHER):
        clear(folder / side)


def _write(path: Path, decided: Decided) -> None:
    write_json(path, {"format": FORMAT, **asdict(decided)})


@contextmanager
def _line(console: Console, cap: int) -> Iterator["_Show"]:
    with ProgressLines(
        TextColumn("[bold]bench"),
        TextColumn("{task.description}"),
        TimeElapsedColumn(),
        console=console,
    ) as progress:
        yield _Show(progress, cap)


class _Show:
    """Says where the test stands."""

    def __init__(self, progress: Progress, cap: int) -> None:
        self._progress = progress
        self._cap = cap
        self._line = progress.add_task("the first pairs")

    def __call__(self, decision: Decision) -> None:
        said = f"{decision.n_pairs} of at most {self._cap} pairs, e = {decision.e_value:.3g}"
        self._progress.update(self._line, description=said)
