"""Rows about results and differences: `make claims CLAIMS=evaluation`.

What a sequential test promises is counted on simulated pairs, with stated models: outcomes of yes
and no that correlate by rho on the same scene, and graded progress that is drawn from Beta
distributions joined by a normal copula of the same rank correlation.
"""

import itertools
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import replace
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any
from unittest import mock

import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from scipy.stats import beta, norm

from benchmarks.row import Row, percent
from vla_sim.envs.suites import SPINE
from vla_sim.envs.task_names import short_name
from vla_sim.eval.multiplicity import holm
from vla_sim.eval.power import Discordance, mcnemar_power
from vla_sim.eval.sequential import EAGERNESS, SequentialTest
from vla_sim.eval.statistics import bootstrap_mean, mcnemar, wilson
from vla_sim.loop.benching.bench import bench, bench_into
from vla_sim.loop.benching.bench_run import BenchRun
from vla_sim.loop.benching.merging import MergeRun, merge
from vla_sim.loop.benching.powering import simulated
from vla_sim.loop.benching.result import CARD
from vla_sim.loop.benching.row_store import RowStore
from vla_sim.records.episode import Episode

N_NULLS = 10_000
N_TESTS = 4_000
CAP = 300
"""Pairs of a simulated test at most."""
RHO = 0.5
ALPHA = 0.05
LOW, HIGH = 0.5, 0.7
SPREAD = 2.0
"""Sum of the two parameters of a Beta distribution; 2 with mean 0.5 is uniform on [0, 1]."""
N_STAGES = 4
"""Sub-goals, one after the other, of the model in which success is the last of them."""
SUCCESS = SequentialTest(alpha=ALPHA, eagerness=EAGERNESS["success"])
PROGRESS = SequentialTest(alpha=ALPHA, eagerness=EAGERNESS["progress"])
EPISODES = 8
N_CASES = 60
N_MEANS = 2_000
SAMPLES: Mapping[str, tuple[float, Callable[[np.random.Generator, int], NDArray[np.float64]]]] = {
    "normal": (0.0, lambda rng, n: rng.normal(size=n)),
    "exponential": (1.0, lambda rng, n: rng.exponential(size=n)),
    "SPL at 70 % success": (
        0.63,
        lambda rng, n: np.where(rng.random(n) < 0.7, rng.uniform(0.8, 1.0, n), 0.0),
    ),
}
"""Distributions of the number that is averaged, each with its mean."""
QUIET = Console(quiet=True)


def false_decisions() -> Iterator[Row]:
    """Equal policies, looked at after every pair."""
    for rate, rho in ((0.5, RHO), (0.5, 0.0), (0.9, 0.3)):
        stopped = simulated(
            Discordance.of(rate, rate, rho), SUCCESS, n=N_NULLS, cap=CAP, seed=int(100 * rate)
        )
        yield _error(f"success {100 * rate:.0f} % each, rho {rho:g}", stopped)
    for mean in (LOW, 0.8):
        yield _error(f"progress {mean:g} each, rho {RHO:g}", PROGRESS.stops(graded(mean, mean)))


def median_pairs() -> Iterator[Row]:
    """How soon two policies are told apart."""
    pairs = Discordance.of(LOW, HIGH, RHO)
    stopped = simulated(pairs, SUCCESS, n=N_TESTS, cap=CAP)
    yield _median(f"success {LOW:g} from {HIGH:g}, rho {RHO:g}", stopped, bar=60)
    apart = simulated(Discordance.of(LOW, HIGH, 0.0), SUCCESS, n=N_TESTS, cap=CAP)
    yield _median(f"success {LOW:g} from {HIGH:g}, rho 0", apart, bar=None)
    on_progress = PROGRESS.stops(graded(HIGH, LOW, n=N_TESTS))
    yield _median(f"mean progress {LOW:g} from {HIGH:g}, Beta, rho {RHO:g}", on_progress, bar=30)
    in_stages = PROGRESS.stops(staged(HIGH, LOW, n=N_TESTS))
    name = f"success {LOW:g} from {HIGH:g} by progress, {N_STAGES} sub-goals in a row, rho {RHO:g}"
    yield _median(name, in_stages, bar=None)
    rare = simulated(Discordance.of(0.06, 0.24, RHO / 2), SUCCESS, n=N_TESTS, cap=CAP)
    yield _median("success 0.06 from 0.24, rho 0.25", rare, bar=None)
    by_stages = PROGRESS.stops(staged(0.24, 0.06, n=N_TESTS))
    yield _median(f"the same by progress, {N_STAGES} sub-goals in a row", by_stages, bar=None)


def graded(first: float, second: float, *, n: int = N_NULLS) -> NDArray[np.float64]:
    """Differences (n, CAP) of two progresses with these means."""
    u, v = _ranks(n)
    shapes = [(SPREAD * mean, SPREAD * (1.0 - mean)) for mean in (first, second)]
    grid = np.linspace(0.0, 1.0, 10_001)  # quantiles by table: scipy's take minutes
    a, b = (np.interp(x, grid, beta.ppf(grid, *s)) for x, s in zip((u, v), shapes, strict=True))
    return np.asarray(a - b)


def staged(first: float, second: float, *, n: int) -> NDArray[np.float64]:
    """Differences (n, CAP) of the shares of sub-goals that two policies reach.

    Each sub-goal is reached with the same chance once the one before was; the rates are those of
    reaching all of them.
    """
    reached = []
    for u, rate in zip(_ranks(n), (first, second), strict=True):
        at_least = rate ** (np.arange(1, N_STAGES + 1) / N_STAGES)
        reached.append((u[..., None] > 1.0 - at_least).sum(axis=-1) / N_STAGES)
    return np.asarray(reached[0] - reached[1])


def _ranks(n: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Two uniform variables (n, CAP) each, whose ranks correlate by RHO."""
    rng = np.random.default_rng(7)
    rho = 2.0 * np.sin(np.pi * RHO / 6.0)
    z = rng.standard_normal((n, CAP))
    w = rho * z + np.sqrt(1.0 - rho**2) * rng.standard_normal((n, CAP))
    return norm.cdf(z), norm.cdf(w)


def _error(what: str, stopped: NDArray[np.int64]) -> Row:
    rate = wilson(int((stopped <= CAP).sum()), len(stopped))
    return Row(
        name=f"false decisions, {what}, {len(stopped):,} tests of up to {CAP} pairs",
        value=percent(rate),
        bar=f"<= {100 * ALPHA:.0f} %",
        holds=rate.value <= ALPHA,
    )


def _median(what: str, stopped: NDArray[np.int64], *, bar: int | None) -> Row:
    median, ninth = np.quantile(stopped, [0.5, 0.9])
    return Row(
        name=f"pairs until decided, {what}: median (nine of ten)",
        value=f"{median:.0f} ({ninth:.0f})",
        bar="printed" if bar is None else f"median <= {bar}",
        holds=bar is None or median <= bar,
    )


def same_bytes() -> Iterator[Row]:
    """A protocol measured in one go and otherwise; the expert on the tasks of the spine."""
    run = BenchRun(
        tasks=tuple(short_name(task_id) for task_id in SPINE),
        episodes=EPISODES,
        arms=("correct", "swapped"),
        gallery=0,
        n_processes=0,
        n_slots=8,
    )
    with tempfile.TemporaryDirectory() as scratch:
        root = Path(scratch)

        def measured(name: str, run: BenchRun) -> dict[str, bytes]:
            bench(replace(run, out=root / name), QUIET)
            return bytes_of(root / name)

        whole = measured("whole", run)
        threads = replace(run.crank, n_threads=2)
        ways: Mapping[str, Callable[[], dict[str, bytes]]] = {
            "3 slots": lambda: measured("slots", replace(run, n_slots=3)),
            "2 threads": lambda: measured("threads", replace(run, crank=threads)),
            "2 processes": lambda: measured("processes", replace(run, n_processes=2)),
            "interrupted and resumed": lambda: _resumed(run, root / "resumed"),
            "3 shards, merged": lambda: _merged(run, root),
        }
        for way, measure in ways.items():
            same = measure() == whole
            yield Row(
                name=f"a result of {2 * EPISODES * len(SPINE)} episodes, {way}",
                value="byte-identical but for the run card" if same else "differs",
                bar="identical",
                holds=same,
            )


def bytes_of(folder: Path) -> dict[str, bytes]:
    """The files of a result, but for what is the machine's."""
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.name != CARD}


def _resumed(run: BenchRun, folder: Path) -> dict[str, bytes]:
    """A run that is interrupted after its third portion, and gone on with."""
    kept, n_kept = RowStore.add, itertools.count(1)

    def add(self: RowStore, episodes: Iterable[Episode]) -> None:
        kept(self, episodes)
        if next(n_kept) == 3:
            raise KeyboardInterrupt

    with mock.patch.object(RowStore, "add", add), suppress(KeyboardInterrupt):
        bench(replace(run, n_slots=2, out=folder), QUIET)
    bench(replace(run, out=folder, resume=True), QUIET)
    return bytes_of(folder)


def _merged(run: BenchRun, root: Path) -> dict[str, bytes]:
    folders = [root / f"shard-{k}" for k in (1, 2, 3)]
    for k, folder in enumerate(folders, start=1):
        bench_into(replace(run, shard=f"{k}/3", out=folder), folder, QUIET)
    merge(MergeRun(shards=tuple(folders), out=root / "merged"))
    return bytes_of(root / "merged")


def oracles() -> Iterator[Row]:
    """The same quantities by others, where they are installed."""
    measures: Mapping[str, tuple[str, Callable[[Any], float]]] = {
        "McNemar, statsmodels": ("statsmodels.stats.contingency_tables", _mcnemar_apart),
        "Wilson, statsmodels": ("statsmodels.stats.proportion", _wilson_apart),
        "Holm, statsmodels": ("statsmodels.stats.multitest", _holm_apart),
        "Wilson, robostats": ("robostats.intervals", _robostats_apart),
        "McNemar, fieldtrial": ("fieldtrial.stats.paired", _fieldtrial_apart),
        "power of McNemar's test, fieldtrial": ("fieldtrial.stats.power", _power_apart),
    }
    for name, (module, apart) in measures.items():
        if find_spec(module.partition(".")[0]) is None:
            yield Row(name=name, value="not installed", bar="<= 1e-6 apart", holds=True)
            continue
        most = apart(import_module(module))
        yield Row(
            name=f"{name}, {N_CASES} cases",
            value=f"{most:.1g} apart at most",
            bar="<= 1e-6 apart",
            holds=most <= 1e-6,
        )


def _counts() -> Iterator[tuple[int, int, int]]:
    """Pairs that only the first, that only the second won, and all pairs."""
    for b, c, same in np.random.default_rng(0).integers(0, 40, (N_CASES, 3)).tolist():
        yield b, c, b + c + same + 1


def _p_value(b: int, c: int, n: int) -> float:
    first, second = np.ones(n, dtype=np.bool_), np.ones(n, dtype=np.bool_)
    second[:b] = False
    first[b : b + c] = False
    return mcnemar(first, second)


def _mcnemar_apart(tables: Any) -> float:
    return max(
        abs(_p_value(b, c, n) - float(tables.mcnemar([[n - b - c, b], [c, 0]], exact=True).pvalue))
        for b, c, n in _counts()
    )


def _fieldtrial_apart(paired: Any) -> float:
    return max(
        abs(_p_value(b, c, n) - float(paired.mcnemar_exact(b, c).pvalue)) for b, c, n in _counts()
    )


def _wilson_apart(proportion: Any) -> float:
    return _apart_in_intervals(lambda k, n: proportion.proportion_confint(k, n, method="wilson"))


def _robostats_apart(intervals: Any) -> float:
    return _apart_in_intervals(
        lambda k, n: (intervals.wilson(k, n).lower, intervals.wilson(k, n).upper)
    )


def _apart_in_intervals(theirs: Callable[[int, int], tuple[float, float]]) -> float:
    apart = 0.0
    for k, _, n in _counts():
        ours = wilson(k, n)
        apart = max(apart, *np.abs(np.subtract((ours.low, ours.high), theirs(k, n))).tolist())
    return apart


def _holm_apart(multitest: Any) -> float:
    p_values = np.random.default_rng(1).random((N_CASES, 9)) ** 3
    theirs = (multitest.multipletests(p, method="holm")[1] for p in p_values)
    return max(float(np.abs(holm(p) - q).max()) for p, q in zip(p_values, theirs, strict=True))


def _power_apart(power: Any) -> float:
    apart = 0.0
    for first, second, n in ((0.05, 0.25, 40), (0.1, 0.1, 77), (0.3, 0.02, 150), (0.4, 0.5, 9)):
        theirs = float(power.mcnemar_power(first, second, n).power)
        pairs = Discordance(only_first=first, only_second=second)
        apart = max(apart, abs(mcnemar_power(pairs, n) - theirs))
    return apart


def coverage() -> Iterator[Row]:
    """How often the interval of a mean holds the mean, and how often plain percentiles would."""
    for n in (5, 10, 20, 50):
        held, said = {}, []
        for name, (mean, draw) in SAMPLES.items():
            rng, hits, plain = np.random.default_rng(n), [], []
            for _ in range(N_MEANS):
                samples = draw(rng, n)
                found = bootstrap_mean(samples, n_resamples=1_000)
                hits.append(found.low <= mean <= found.high)
                resampled = samples[rng.integers(n, size=(1_000, n))].mean(axis=1)
                low, high = np.quantile(resampled, [0.025, 0.975])
                plain.append(low <= mean <= high)
            held[name] = float(np.mean(hits))
            said.append(f"{name} {100 * held[name]:.1f} ({100 * np.mean(plain):.1f}) %")
        yield Row(
            name=f"means of {n}: intervals of 95 % that hold the mean (plain percentiles)",
            value="; ".join(said),
            bar="normal 93 to 97 %" if n >= 10 else "printed",
            holds=n < 10 or 0.93 <= held["normal"] <= 0.97,
        )


ROWS: Mapping[str, Callable[[], Iterator[Row]]] = {
    "false-decisions": false_decisions,
    "pairs": median_pairs,
    "coverage": coverage,
    "same-bytes": same_bytes,
    "oracles": oracles,
}
"""Each measures some rows of the group `evaluation`."""
