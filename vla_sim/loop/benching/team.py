"""Team: simulators that run a plan in portions; whoever is done gets the next one."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from typing import Literal, Self

from rich.console import Console

from vla_sim.loop.benching.row_store import RowStore
from vla_sim.loop.benching.until import UntilConfig
from vla_sim.loop.choice import Choice
from vla_sim.loop.progress import bar_of
from vla_sim.loop.simulating.asked import AskedSimulators
from vla_sim.loop.simulating.on_ray import SimulatorsOnRay, check_ray, cluster
from vla_sim.loop.simulating.places import open_simulators
from vla_sim.loop.simulating.simulators import SimulatorsConfig, concatenated
from vla_sim.loop.simulating.worker import check_processes
from vla_sim.records.episode import EpisodeSpec
from vla_sim.records.triple import Rows

Plan = Mapping[str, Sequence[EpisodeSpec]]
Advance = Callable[[int], None]
Executor = Literal["processes", "ray"]
"""Where workers are: processes of this machine, or actors of a Ray cluster."""
FEWEST_IN_A_SHARE = 8
"""Episodes of each task of the gallery that are worth a process of their own."""
KEPT_SLOTS = 4
"""Episodes of a portion that is kept on disk, times the slots: so much an interrupt may lose."""


def check_workers(n_processes: int, executor: Executor) -> None:
    """See that there can be so many workers, before anything is made.

    Raises:
        BadConfig: If the calling process may not start others.
        MissingExtra: If Ray is asked for and is not installed.
    """
    if executor == "ray":
        check_ray()
    else:
        check_processes(n_processes)


class Team:
    """The workers of a benchmark. What comes of a plan does not depend on who runs which."""

    def __init__(
        self, workers: Sequence[AskedSimulators], *, n_slots: int, keeps: bool, in_rounds: bool
    ) -> None:
        self._workers = workers
        self._fewest = n_slots if in_rounds else 2 * n_slots
        self._most = KEPT_SLOTS * n_slots if keeps else None

    @classmethod
    @contextmanager
    def open(
        cls,
        config: SimulatorsConfig,
        n_processes: int,
        *,
        keeps: bool,
        in_rounds: bool = False,
        executor: Executor = "processes",
    ) -> Iterator[Self]:
        """A team, until the block ends.

        Args:
            config: Its simulators; each worker has all tasks.
            n_processes: Workers, a process each; 0: one in the calling process.
            keeps: Portions are kept on disk as they come in, and so are small.
            in_rounds: Plans are short, and all workers are to have some of each.
            executor: Where the workers are.
        """
        n_workers = max(1, n_processes)
        with ExitStack() as stack:
            if executor == "ray":
                stack.enter_context(cluster(n_workers))
            workers: list[AskedSimulators] = [
                stack.enter_context(
                    SimulatorsOnRay(config)
                    if executor == "ray"
                    else open_simulators(config, n_processes=min(n_processes, 1))
                )
                for _ in range(n_workers)
            ]
            n_slots = config.stations.n_slots
            yield cls(workers, n_slots=n_slots, keeps=keeps, in_rounds=in_rounds)

    def gallery(self, plan: Plan) -> Rows:
        """Segment triples of the experts' planned episodes."""
        # A small gallery is for one worker: of so few episodes, all of a share may fail.
        fewest = min(map(len, plan.values()))
        asked = self._workers[: max(1, fewest // FEWEST_IN_A_SHARE)]
        for k, worker in enumerate(asked):
            worker.ask_gallery({task_id: specs[k :: len(asked)] for task_id, specs in plan.items()})
        return concatenated([worker.rows() for worker in asked])

    def run_all(self, choice: Choice, plan: Plan, store: RowStore, console: Console) -> None:
        """Run what of a plan the store lacks."""
        left = store.missing(plan)
        total = _n(plan)
        with _bar(console, total=total, done=total - _n(left)) as advance:
            self.run(choice, left, store, advance)

    def run_until_narrow(
        self, choice: Choice, plan: Plan, until: UntilConfig, store: RowStore, console: Console
    ) -> None:
        """Run more episodes of each task until its interval is narrow, or the plan is used up.

        The first arm of the plan decides; the others run the same seeds.
        """
        by_arm = {task_id: _arms(specs) for task_id, specs in plan.items()}
        n_wanted = dict.fromkeys(plan, 0)
        with _bar(console, total=_n(plan), done=0) as advance:
            while True:
                looked = {
                    t: _look(arms[0], n_wanted[t], until, store) for t, arms in by_arm.items()
                }
                if looked == n_wanted:
                    return
                n_wanted = looked
                wanted = {t: [s for arm in by_arm[t] for s in arm[:n]] for t, n in looked.items()}
                self.run(choice, store.missing(wanted), store, advance)

    def run(self, choice: Choice, plan: Plan, store: RowStore, advance: Advance) -> None:
        """Run a plan into a store."""
        portions = self._portions(plan)
        busy: list[AskedSimulators] = []
        for worker in self._workers:
            if (portion := next(portions, None)) is not None:
                worker.ask_evaluate(choice, portion)
                busy.append(worker)
        while busy:
            for worker in [w for w in busy if w.ready(0.05)]:
                brought = worker.episodes()
                store.add(brought)
                advance(len(brought))
                if (portion := next(portions, None)) is not None:
                    worker.ask_evaluate(choice, portion)
                else:
                    busy.remove(worker)

    def _portions(self, plan: Plan) -> Iterator[dict[str, Sequence[EpisodeSpec]]]:
        """The plan in portions of one task each, large ones first and small ones last.

        Slots idle at the end of each portion, and workers are to end together.
        """
        left = _n(plan)
        for task_id, specs in plan.items():
            first = 0
            while first < len(specs):
                size = max(self._fewest, left // (2 * len(self._workers)))
                size = size if self._most is None else min(size, self._most)
                yield {task_id: specs[first : first + size]}
                left -= len(specs[first : first + size])
                first += size


def _look(decides: Sequence[EpisodeSpec], n: int, until: UntilConfig, store: RowStore) -> int:
    n_hits = sum(store.row(spec).success_at_end for spec in decides[:n])
    return min(until.next_look(n, n_hits), len(decides))


def _arms(specs: Sequence[EpisodeSpec]) -> list[list[EpisodeSpec]]:
    """A task's episodes by arm, each in the order of the plan."""
    by_arm: dict[str, list[EpisodeSpec]] = {}
    for spec in specs:
        by_arm.setdefault(spec.arm, []).append(spec)
    return list(by_arm.values())


def _n(plan: Plan) -> int:
    return sum(map(len, plan.values()))


@contextmanager
def _bar(console: Console, *, total: int, done: int) -> Iterator[Advance]:
    with bar_of("bench", console) as progress:
        line = progress.add_task("", total=total, completed=done)
        yield lambda n: progress.advance(line, n)
