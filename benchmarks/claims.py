"""Every number that the README claims, against its bar: `make claims CLAIMS=spine`.

Prints name, value, bar, and holds or falls short; exits with 1 if a row falls short. Rows about a
trained model run `vla-sim demo` and `vla-sim finetune` first, unless a finished one is named.
"""

import argparse
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from rich import box
from rich.console import Console
from rich.table import Table

from benchmarks import worlds
from benchmarks.row import Row, percent
from benchmarks.throughput import physics_ratio, pictures_with_triples_per_s
from vla_sim.agents.controls import POLICIES
from vla_sim.envs.crank import Crank, CrankConfig
from vla_sim.envs.plan import plan_episodes
from vla_sim.envs.rollout import run_all
from vla_sim.envs.suites import SPINE
from vla_sim.envs.tasks import TASK_IDS
from vla_sim.eval.aggregate import overall_rate, task_report
from vla_sim.eval.report_file import from_json
from vla_sim.loop.benching.bench import BENCH_SEEDS_FROM
from vla_sim.loop.evaluation import bodies
from vla_sim.loop.rl.finetune import CURVE, WINDOW
from vla_sim.loop.run_folder import RunFolder
from vla_sim.records.reports import EvalReport

VLA_SIM = str(Path(sys.executable).with_name("vla-sim"))
"""The command of this environment, whether or not it is on the path."""


@dataclass(kw_only=True)
class Options:
    """What the command line says; a demo that was run here is noted for the rows after it."""

    demo: Path | None
    finetuned: Path | None
    skip: tuple[str, ...]


def experts(_: Options) -> Iterator[Row]:
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


def demo(options: Options) -> Iterator[Row]:
    """The aligned policy at the end of the demo, and its retrieval."""
    folder = options.demo
    if folder is None:
        folder = Path("runs") / f"claims-{time.strftime('%Y%m%d-%H%M%S')}"
        began = time.monotonic()
        subprocess.run([VLA_SIM, "demo", "--out", str(folder)], check=True)
        minutes = (time.monotonic() - began) / 60
        options.demo = folder
        yield Row(
            name="make demo", value=f"{minutes:.1f} min", bar="<= 8 min", holds=minutes <= 8.0
        )
    report = from_json((folder / "align" / "bench.json").read_text(encoding="utf-8"))
    rates = {(task.task_id, task.arm): task.rates["success_at_end"].value for task in report.tasks}
    correct = {task_id: rates[task_id, "correct"] for task_id in SPINE}
    total = overall_rate(report, "success_at_end")
    assert total is not None
    yield Row(
        name=f"aligned policy, mean success (n = {total.n})",
        value=percent(total),
        bar=">= 85 %",
        holds=total.value >= 0.85,
    )
    for task_id, value in correct.items():
        yield Row(
            name=f"aligned policy on {task_id}",
            value=f"{100 * value:.0f} %",
            bar=">= 70 %",
            holds=value >= 0.70,
        )
    yield from arms(report, rates, correct)


def arms(
    report: EvalReport, rates: dict[tuple[str, str], float], correct: dict[str, float]
) -> Iterator[Row]:
    """What the control arms say about the use of language, and retrieval."""
    guess = {task.task_id: task.guess_rate for task in report.tasks}
    for task_id in SPINE:
        yield Row(
            name=f"swapped instruction on {task_id}",
            value=f"{100 * rates[task_id, 'swapped']:.0f} %",
            bar="<= 10 %",
            holds=rates[task_id, "swapped"] <= 0.10,
        )
        yield Row(
            name=f"empty instruction on {task_id}",
            value=f"{100 * rates[task_id, 'empty']:.0f} %",
            bar=f"<= {100 * (guess[task_id] + 0.1):.0f} % (guessing + 10)",
            holds=rates[task_id, "empty"] <= guess[task_id] + 0.10,
        )
    for arm, what in (("held_out", "held-out wording"), ("other_language", "Chinese")):
        gap = float(np.mean([correct[t] - rates[t, arm] for t in SPINE]))
        yield Row(
            name=f"{what} against English, mean gap",
            value=f"{100 * gap:+.1f} points",
            bar="within 10",
            holds=abs(gap) <= 0.10,
        )
    found = report.retrieval
    assert found is not None
    value, chance = found.values["V->L/R@10"], found.chance["V->L/R@10"]
    yield Row(
        name=f"V-L R@10, gallery {found.gallery_size}, chance {100 * chance:.1f} %",
        value=f"{100 * value:.1f} %",
        bar=">= 70 %, gallery >= 256, chance <= 15 %",
        holds=value >= 0.70 and found.gallery_size >= 256 and chance <= 0.15,
    )


def physics(_: Options) -> Iterator[Row]:
    """The env against the raw batch."""
    ratio = physics_ratio()
    yield Row(
        name="env steps over raw mujoco.batch steps",
        value=f"{100 * ratio:.0f} %",
        bar=">= 80 %",
        holds=ratio >= 0.80,
    )


def pictures(_: Options) -> Iterator[Row]:
    """The ray caster against tuned software GL."""
    from benchmarks.pictures import measure

    for name, value in measure().items():
        if "thread" in name:
            yield Row(name=name, value=f"{value:.2f} x", bar=">= 1.7 x", holds=value >= 1.7)
        elif "ratio" in name or "over" in name:
            bar = 0.2 if "fixed" in name else 0.6
            yield Row(name=name, value=f"{value:.2f}", bar=f"<= {bar}", holds=value <= bar)


def pipeline(_: Options) -> Iterator[Row]:
    """Lift with pictures, words and labels."""
    rate = pictures_with_triples_per_s()
    yield Row(
        name="pictures with their triples, Lift, 2 cores",
        value=f"{rate:,.0f} /s",
        bar=">= 3,000 /s",
        holds=rate >= 3_000,
    )


def finetune(options: Options) -> Iterator[Row]:
    """PPO on Reach from the aligned encoder, and the same network from scratch beside it."""
    if options.demo is None and options.finetuned is None:
        raise SystemExit("the finetune rows need --demo DIR or --finetuned DIR")
    folder = options.finetuned or _finetuned(options, "default")
    report = from_json((folder / "bench.json").read_text(encoding="utf-8"))
    rate = report.tasks[0].rates["success_at_end"]
    steps, minutes = _steps_to_80(folder)
    yield Row(
        name=f"PPO on Reach from the aligned encoder (n = {rate.n})",
        value=f"{percent(rate)} after {minutes:.1f} min",
        bar=">= 80 % within 15 min",
        holds=rate.value >= 0.80 and minutes <= 15.0,
    )
    if options.demo is None:
        return
    scratch, scratch_minutes = _steps_to_80(_finetuned(options, "scratch"))
    yield Row(
        name="env steps to 80 % in training, aligned encoder against scratch",
        value=f"{steps or 'never'} against {scratch or f'never in {scratch_minutes:.0f} min'}",
        bar="both printed",
        holds=steps is not None,
    )


def _finetuned(options: Options, recipe: str) -> Path:
    folder = Path("runs") / f"claims-ppo-{recipe}-{time.strftime('%Y%m%d-%H%M%S')}"
    encoder = str((options.demo or Path()) / "align")
    command = [VLA_SIM, "finetune", recipe, "--encoder", encoder, "--out", str(folder)]
    subprocess.run(command, check=True)
    return folder


def _steps_to_80(folder: Path) -> tuple[int | None, float]:
    """Env steps at which 80 % of 100 training episodes succeeded, and minutes in all."""
    rows = list(RunFolder.open(folder).rows(CURVE))
    good = [row for row in rows if row["n_episodes"] >= WINDOW and (row["success"] or 0) >= 0.8]
    minutes = float(rows[-1]["elapsed_s"]) / 60
    return (int(good[0]["env_steps"]) if good else None), minutes


def identity(_: Options) -> Iterator[Row]:
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


def imports(_: Options) -> Iterator[Row]:
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


GROUPS: dict[str, dict[str, Callable[[Options], Iterator[Row]]]] = {
    "spine": {
        "experts": experts,
        "demo": demo,
        "physics": physics,
        "pictures": pictures,
        "pipeline": pipeline,
        "finetune": finetune,
        "identity": identity,
        "imports": imports,
    },
    "worlds": {
        "experts": lambda _: worlds.experts(),
        "controls": lambda _: worlds.controls(),
        "order": lambda _: worlds.order(),
        "axes": lambda _: worlds.axes(),
        "language": lambda _: worlds.language(),
        "engines": lambda _: worlds.engines(),
        "benchmark": lambda _: worlds.benchmark(),
        "identity": lambda _: identities(TASK_IDS),
    },
}


def main() -> int:
    """Measure a group; 0 if every row holds."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("group", choices=sorted(GROUPS))
    parser.add_argument("--demo", type=Path, help="folder of a finished demo")
    parser.add_argument("--finetuned", type=Path, help="folder of a finished finetune")
    parser.add_argument("--skip", nargs="*", default=[], help="measurements to leave out")
    parser.add_argument("--only", nargs="*", help="measurements to make")
    said = parser.parse_args()
    options = Options(demo=said.demo, finetuned=said.finetuned, skip=tuple(said.skip))
    table = Table(box=box.SIMPLE_HEAD, title=f"claims: {said.group}")
    for column in ("measurement", "claim", "value", "bar", ""):
        table.add_column(column, overflow="fold")
    short = 0
    for name, measure in GROUPS[said.group].items():
        if name in options.skip or (said.only and name not in said.only):
            continue
        for row in measure(options):
            verdict = "holds" if row.holds else "FALLS SHORT"
            print(f"{name}: {row.name}: {row.value} ({row.bar}): {verdict}", flush=True)
            table.add_row(name, row.name, row.value, row.bar, verdict)
            short += not row.holds
    Console().print(table)
    return int(short > 0)


if __name__ == "__main__":
    sys.exit(main())
