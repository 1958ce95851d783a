"""Every number of docs/en/numbers.md, against its bar: `make claims CLAIMS=spine`.

Prints name, value, bar, and holds or falls short; exits with 1 if a row falls short. Rows about a
trained model come from the cells in `benchmarks/results`, measured where they are missing.
"""

import argparse
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path

from rich import box
from rich.console import Console
from rich.table import Table

from benchmarks import (
    agents,
    alignment,
    chapter,
    evaluation_metrics,
    evaluation_outside,
    evaluation_protocols,
    evaluation_report,
    evaluation_statistics,
    repeat,
    worlds,
)
from benchmarks.peeping import peeping
from benchmarks.row import Row, percent
from benchmarks.throughput import physics_ratio, pictures_with_triples_per_s
from vla_sim.agents.controls import POLICIES
from vla_sim.envs.crank import Crank, CrankConfig
from vla_sim.envs.plan import plan_episodes
from vla_sim.envs.rollout import run_all
from vla_sim.envs.suites import SPINE
from vla_sim.envs.tasks import TASK_IDS
from vla_sim.eval.aggregate import task_report
from vla_sim.loop.benching.benchmark import BENCH_SEEDS_FROM
from vla_sim.loop.evaluation import bodies

VLA_SIM = str(Path(sys.executable).with_name("vla-sim"))
"""The command of this environment, whether or not it is on the path."""


def experts() -> Iterator[Row]:
    """200 fixed seeds a task."""
    for task_id in SPINE:
        body = bodies((task_id,))
        crank = Crank(task_id, 50)
        for policy, bar in (("expert", 0.98), ("zero", 0.02), ("random", 0.02)):
            plan = plan_episodes(task_id, range(BENCH_SEEDS_FROM, BENCH_SEEDS_FROM + 200))
            episodes = run_all(crank, POLICIES[policy](task_id, crank.task), plan)
            report = task_report(episodes, body)
            rate = report.rates["success_at_end"]
            holds = rate.value >= bar if policy == "expert" else rate.value <= bar
            sign = ">=" if policy == "expert" else "<="
            yield Row(
                name=f"{policy} on {task_id}, success (n = {rate.n})",
                value=percent(rate),
                bar=f"{sign} {100 * bar:.0f} %",
                holds=holds,
            )
            if policy == "expert":
                kept = report.rates["manner_kept"]
                yield Row(
                    name=f"expert on {task_id}, manner kept",
                    value=percent(kept),
                    bar=">= 95 %",
                    holds=kept.value >= 0.95,
                )


def demo() -> Iterator[Row]:
    """How long `make demo` takes."""
    folder = Path("runs") / f"claims-{time.strftime('%Y%m%d-%H%M%S')}"
    began = time.monotonic()
    subprocess.run([VLA_SIM, "demo", "--out", str(folder)], check=True)
    minutes = (time.monotonic() - began) / 60
    yield Row(
        name="make demo, two free cores",
        value=f"{minutes:.1f} min",
        bar="<= 8 min",
        holds=minutes <= 8.0,
    )


def physics() -> Iterator[Row]:
    """The env against the raw batch."""
    ratio = physics_ratio()
    yield Row(
        name="env steps over raw mujoco.batch steps",
        value=f"{100 * ratio:.0f} %",
        bar=">= 80 %",
        holds=ratio >= 0.80,
    )


def pictures() -> Iterator[Row]:
    """The ray caster against tuned software GL."""
    from benchmarks.pictures import measure

    for name, value in measure().items():
        if "thread" in name:
            yield Row(name=name, value=f"{value:.2f} x", bar=">= 1.7 x", holds=value >= 1.7)
        elif "ratio" in name or "over" in name:
            bar = 0.2 if "fixed" in name else 0.6
            yield Row(name=name, value=f"{value:.2f}", bar=f"<= {bar}", holds=value <= bar)


def pipeline() -> Iterator[Row]:
    """Lift with pictures, words and labels."""
    rate = pictures_with_triples_per_s()
    yield Row(
        name="pictures with their triples, Lift, 2 cores",
        value=f"{rate:,.0f} /s",
        bar=">= 3,000 /s",
        holds=rate >= 3_000,
    )


def identity() -> Iterator[Row]:
    """The same episodes whatever the batch, of the spine's tasks."""
    yield from identities(SPINE)


def identities(task_ids: Sequence[str]) -> Iterator[Row]:
    """The same episodes in batches of 1, 7 and 64, with 1 and 2 threads."""
    for task_id in task_ids:
        prints = set()
        for n, n_threads in ((1, 1), (7, 1), (64, 1), (7, 2), (64, 2)):
            crank = Crank(task_id, n, CrankConfig(n_threads=n_threads))
            plan = plan_episodes(task_id, range(8))
            policy = POLICIES["expert"](task_id, crank.task)
            episodes = run_all(crank, policy, plan, keep_images=True)
            rows = (e.actions.tobytes() + e.proprio.tobytes() for e in episodes)
            seen = (e.images.tobytes() for e in episodes if e.images is not None)
            prints.add((b"".join(rows), b"".join(seen)))
        yield Row(
            name=f"{task_id} in batches of 1, 7, 64, threads 1, 2",
            value="identical" if len(prints) == 1 else f"{len(prints)} versions",
            bar="identical, pictures too",
            holds=len(prints) == 1,
        )


def imports() -> Iterator[Row]:
    """What `import vla_sim` costs on top of gymnasium and numpy."""
    code = (
        "import time, sys, gymnasium, numpy; t = time.perf_counter(); import vla_sim;"
        "print(time.perf_counter() - t, any(m in sys.modules for m in ('torch', 'OpenGL')))"
    )
    lines = [
        subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
        for _ in range(5)
    ]
    seconds = min(float(line.stdout.split()[0]) for line in lines)
    heavy = any("True" in line.stdout for line in lines)
    yield Row(
        name="import vla_sim on top of gymnasium and numpy",
        value=f"{seconds:.3f} s{', torch or GL loaded' if heavy else ''}",
        bar="< 0.5 s, no torch, no GL",
        holds=seconds < 0.5 and not heavy,
    )


GROUPS: dict[str, dict[str, Callable[[], Iterator[Row]]]] = {
    "spine": {
        "experts": experts,
        "physics": physics,
        "pictures": pictures,
        "pipeline": pipeline,
        "identity": identity,
        "imports": imports,
    },
    "repeat": {
        "training": lambda: repeat.training_rows(Console()),
        "weights": lambda: repeat.weight_rows(Console()),
        "ppo": lambda: repeat.ppo_rows(Console()),
        "demo": demo,
        "peeping": peeping,
    },
    "chapter": dict(chapter.ROWS),
    "agents": dict(agents.ROWS),
    "alignment": {name: partial(rows, Console()) for name, rows in alignment.ROWS.items()},
    "evaluation": {
        **evaluation_statistics.ROWS,
        **evaluation_protocols.ROWS,
        "outside": evaluation_outside.untaught,
        **evaluation_metrics.ROWS,
        **evaluation_report.ROWS,
    },
    "worlds": {
        "experts": lambda: worlds.experts(),
        "controls": lambda: worlds.controls(),
        "order": lambda: worlds.order(),
        "axes": lambda: worlds.axes(),
        "language": lambda: worlds.language(),
        "engines": lambda: worlds.engines(),
        "benchmark": lambda: worlds.benchmark(),
        "identity": lambda: identities(TASK_IDS),
    },
}


def main() -> int:
    """Measure a group; 0 if every row holds."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("group", choices=sorted(GROUPS))
    parser.add_argument("--skip", nargs="*", default=[], help="measurements to leave out")
    parser.add_argument("--only", nargs="*", help="measurements to make")
    said = parser.parse_args()
    table = Table(box=box.SIMPLE_HEAD, title=f"claims: {said.group}")
    for column in ("measurement", "claim", "value", "bar", ""):
        table.add_column(column, overflow="fold")
    short = 0
    for name, measure in GROUPS[said.group].items():
        if name in said.skip or (said.only and name not in said.only):
            continue
        for row in measure():
            verdict = "holds" if row.holds else "FALLS SHORT"
            print(f"{name}: {row.name}: {row.value} ({row.bar}): {verdict}", flush=True)
            table.add_row(name, row.name, row.value, row.bar, verdict)
            short += not row.holds
    Console().print(table)
    return int(short > 0)


if __name__ == "__main__":
    sys.exit(main())
