"""Fine-tuning that begins where alignment ends: what it wins, what it costs, whether it repeats.

Part of the group `agents` of `make claims`. A cell is one finetuning from a seed with a budget of
control steps, six minutes of a core and two benchmarks; a killed study goes on with the cell that
it was at, and the run with its last round.
What is asked of ChangeLane, and how many steps a start is worth, begin with `before_0050`.
`python -m benchmarks.agents_finetune` measures what is missing and prints the rows, `--only` some,
`--show` those whose cells are there.
"""

import shutil
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console

from benchmarks.cells import cell
from benchmarks.many_tasks import reach_and_pick
from benchmarks.repeat import before_0050, default_of, finetuned, settings_of, trained
from benchmarks.row import Row, rows_told
from vla_sim.agents.rl_bounds import BoundsConfig
from vla_sim.agents.rl_reward import RewardConfig
from vla_sim.align.checkpoint import load_checkpoint
from vla_sim.envs.crank import Crank, CrankConfig
from vla_sim.envs.rollout import run_all
from vla_sim.loop.aligning.align_run import AlignRun
from vla_sim.loop.benching.benchmark import BENCH_SEEDS_FROM
from vla_sim.loop.benching.result import read_result
from vla_sim.loop.budget import Budget
from vla_sim.loop.evaluation import planned_spec
from vla_sim.loop.policies import best_checkpoint, policy_of
from vla_sim.loop.rl.finetune import CURVE, finetune
from vla_sim.loop.rl.ppo_learner import PpoLearner
from vla_sim.loop.rl.rl_features import KINDS
from vla_sim.loop.rl.rl_policy import RlPolicy
from vla_sim.loop.rl.rl_run import FinetuneRun
from vla_sim.loop.run_folder import AFTER, BEFORE, RunFolder
from vla_sim.recipes import finetune as recipes
from vla_sim.records.manner import MANNER

TASKS = ("Lift", "DriveToGoal", "ChangeLane", "PickPlace")
SEEDS = range(3)
N_PAIRS = 200
STEPS = 200_000
STEPS_TO_80 = 100_000
"""The budget where it is asked how soon somebody practises with 80 % success."""
RUNS = Path("runs") / "agents"
"""Run folders with their policies; the cells outlive them."""


def encoder_of(task: str) -> AlignRun:
    """The alignment that a task begins from."""
    if task == "ChangeLane":
        return before_0050()
    return reach_and_pick(0) if task == "PickPlace" else default_of(0)


def tuning(task: str, seed: int, name: str = "", **changes: Any) -> FinetuneRun:
    """The default recipe on a task from a seed, with some settings otherwise."""
    run = replace(
        recipes.default(),
        tasks=(task,),
        seed=seed,
        encoder=encoder_of(task).out,
        episodes=N_PAIRS,
        max_env_steps=STEPS,
        out=RUNS / f"{task}{name}-{seed}",
    )
    return replace(run, **changes)


def tuned(run: FinetuneRun, console: Console) -> dict[str, Any]:
    """What came of a finetuning: both benchmarks, the difference, and what it took."""
    encoder = encoder_of(run.tasks[0])

    def make() -> Mapping[str, Any]:
        done = finetuned(run, encoder, console)
        gain = done.gain
        assert gain is not None
        return {
            "before": _rates(run.out / BEFORE),
            "after": _rates(run.out / AFTER),
            "gain": [gain.difference.value, gain.difference.low, gain.difference.high],
            "env_steps": done.n_env_steps,
            "steps_to_80": done.steps_to_80,
            "minutes": done.elapsed_s / 60,
        }

    settings = settings_of(encoder, finetune=run)
    values: dict[str, Any] = cell(f"agents/{run.out.name}", settings, make)
    return values


def _rates(folder: Path) -> dict[str, float]:
    """Success, how often the manner was kept, and which violation happened, of a result."""
    rates = read_result(folder).report.tasks[0].rates
    return {
        name: rate.value
        for name, rate in rates.items()
        if name in ("success_at_end", "manner_kept") or name.startswith("violation/")
    }


def start_rows(console: Console) -> Iterator[Row]:
    """Before the first update, against the aligned policy, on the same scenes."""
    for task in TASKS:
        run, encoder = tuning(task, 0), encoder_of(task)

        def make(run: FinetuneRun = run, encoder: AlignRun = encoder) -> Mapping[str, Any]:
            place = best_checkpoint(trained(encoder, console).path)
            learner = PpoLearner(run, load_checkpoint(place), Budget(run.max_env_steps))
            start = RlPolicy(learner.form, load_checkpoint(place), learner.actor)
            (task_id,) = run.task_ids
            crank = Crank(task_id, 40, run.crank)
            seeds = range(BENCH_SEEDS_FROM, BENCH_SEEDS_FROM + N_PAIRS)
            plan = [planned_spec(task_id, seed, languages=("en",)) for seed in seeds]
            found = [
                [float(episode.success_at_end) for episode in run_all(crank, policy, plan)]
                for policy in (start, policy_of(str(place), crank))
            ]
            return {"start": found[0], "aligned": found[1]}

        values = cell(f"agents/start-{task}", settings_of(encoder, finetune=run), make)
        start, aligned = np.array(values["start"]), np.array(values["aligned"])
        apart = abs(float(start.mean() - aligned.mean()))
        yield Row(
            name=f"{task}, success before the first update against the aligned policy's, paired",
            value=f"{100 * start.mean():.1f} and {100 * aligned.mean():.1f} %, "
            f"{int((start != aligned).sum())} of {len(start)} episodes differ",
            bar="within 3 points",
            holds=apart <= 0.03,
        )


def gain_rows(console: Console) -> Iterator[Row]:
    """After the budget, over seeds: success gained, and no violation more."""
    for task in TASKS:
        found = [tuned(tuning(task, seed), console) for seed in SEEDS]
        after, gain, lows = _gained(found)
        yield Row(
            name=f"{task}, success after fine-tuning, {len(found)} seeds",
            value=_gain_told(found),
            bar="mean >= +8 points and lower bounds > 0, or >= 97 %",
            holds=after >= 0.97 or (gain >= 0.08 and min(lows) > 0.0),
        )
        manner, rose, more = _paid(found)
        yield Row(
            name=f"{task}, manner kept, before and after", value=manner, bar="printed", holds=True
        )
        yield Row(
            name=f"{task}, the violation that rose most", value=rose, bar="<= 0", holds=more <= 0.0
        )


def decoder_rows(console: Console) -> Iterator[Row]:
    """The same where the policy's own decoder corrects it."""
    for task in ("DriveToGoal", "ChangeLane", "PickPlace"):
        found = [tuned(tuning(task, seed, "-decoder", start="decoder"), console) for seed in SEEDS]
        manner, rose, _ = _paid(found)
        yield Row(
            name=f"{task}, success after fine-tuning by --start decoder, {len(found)} seeds; "
            "manner kept, before and after; the violation that rose most",
            value=f"{_gain_told(found)}; {manner}; {rose}",
            bar="printed",
            holds=True,
        )


def _paid(found: Sequence[Mapping[str, Any]]) -> tuple[str, str, float]:
    """What success may have cost: the manner, and the violation that rose most, and by how much."""
    manner = [[v[when]["manner_kept"] for v in found] for when in ("before", "after")]
    more = {
        name: float(
            np.mean([v["after"].get(name, 0.0) - v["before"].get(name, 0.0) for v in found])
        )
        for name in found[0]["before"]
        if name.startswith("violation/")
    }
    worst = max(more, key=lambda name: more[name])
    rose = f"{worst.removeprefix('violation/')} {100 * more[worst]:+.1f} points"
    return (
        f"{100 * np.mean(manner[0]):.1f} and {100 * np.mean(manner[1]):.1f} % "
        f"({_percents(manner[1])})",
        rose if more[worst] > 0.0 else "none",
        more[worst],
    )


def bound_rows(console: Console) -> Iterator[Row]:
    """DriveToGoal with a bound on collisions."""
    bounds = BoundsConfig(most={"collision": 0.02})
    for seed in SEEDS:
        values = tuned(tuning("DriveToGoal", seed, "-keep", bounds=bounds), console)
        before, after = values["before"], values["after"]
        share, gain = after["violation/collision"], values["gain"][0]
        yield Row(
            name=f"DriveToGoal with --keep collision 0.02, seed {seed}",
            value=f"collisions in {100 * share:.1f} % of episodes "
            f"(before {100 * before['violation/collision']:.1f} %), "
            f"success {100 * gain:+.1f} points",
            bar="<= 2 %, success not lower",
            holds=share <= 0.02 and gain >= 0.0,
        )


def manner_rows(console: Console) -> Iterator[Row]:
    """ChangeLane with a bound on missed manners: what is won is not paid in more of them."""
    bounds = BoundsConfig(most={MANNER: 0.05})
    found = [tuned(tuning("ChangeLane", k, "-manner", bounds=bounds), console) for k in SEEDS]
    gains, lows = ([values["gain"][k] for values in found] for k in (0, 1))
    before = found[0]["before"]["manner_kept"]
    kept = [values["after"]["manner_kept"] for values in found]
    yield Row(
        name=f"ChangeLane with --keep manner 0.05, {len(found)} seeds: manner kept; success gained",
        value=f"{100 * before:.1f} -> {100 * np.mean(kept):.1f} % ({_percents(kept)}); "
        f"{100 * np.mean(gains):+.1f} points, lower bounds {_points(lows)}",
        bar=">= 95 % kept by each; lower bounds > 0",
        holds=min(kept) >= 0.95 and min(lows) > 0.0,
    )


def shielded_rows(console: Console) -> Iterator[Row]:
    """DriveToGoal practised and measured under the shield: what keeping apart costs is won back."""
    crank = CrankConfig(shield="limits")
    found = [tuned(tuning("DriveToGoal", k, "-shield", crank=crank), console) for k in SEEDS]
    after = [values["after"]["success_at_end"] for values in found]
    gains, lows = ([values["gain"][k] for values in found] for k in (0, 1))
    harm = max(
        values["after"].get(f"violation/{name}", 0.0)
        for values in found
        for name in ("collision", "off_road")
    )
    yield Row(
        name=f"DriveToGoal under --shield limits, {len(found)} seeds: success, collisions at most",
        value=f"{100 * found[0]['before']['success_at_end']:.1f} -> {100 * np.mean(after):.1f} % "
        f"({_percents(after)}), lower bounds of the gain {_points(lows)}; {100 * harm:.1f} %",
        bar="more; 0 %",
        holds=float(np.mean(gains)) > 0.0 and harm == 0.0,
    )


def feature_rows(console: Console) -> Iterator[Row]:
    """Env steps to 80 %: the aligned start, and heads on its features, against scratch."""
    scratch = _of(recipes.scratch())
    aligned: Mapping[str, Mapping[str, Any]] = {
        "aligned start": {},
        **{f"new head on {kind}": {**_of(recipes.head()), "features": kind} for kind in KINDS},
    }
    for task in ("Reach", "DriveToGoal"):
        base = _to_80(task, "scratch", scratch, console)
        for name, changes in aligned.items():
            steps, is_start = _to_80(task, name, changes, console), name == "aligned start"
            share = _mean(steps) / _mean(base)
            yield Row(
                name=f"{task}, env steps to 80 % of 100 episodes of practice: {name}, scratch",
                value=f"{_counts(steps)}; {_counts(base)}; {share:.2f}",
                bar="<= 0.2" if is_start else "printed",
                holds=not is_start or share <= 0.2,
            )


def _of(recipe: FinetuneRun) -> dict[str, Any]:
    """What a recipe says of its start."""
    return {name: getattr(recipe, name) for name in ("start", "ppo", "slots", "reward")}


def _to_80(
    task: str, name: str, changes: Mapping[str, Any], console: Console
) -> list[tuple[int, bool]]:
    """Of each seed, and whether it came so far: one that did not counts with all of its steps."""
    found, encoder = [], before_0050()
    for seed in SEEDS:
        run = tuning(task, seed, f"-{name.replace(' ', '-')}", episodes=0, rounds_per_evaluation=0)
        run = replace(run, max_env_steps=STEPS_TO_80, encoder=encoder.out, **changes)

        def make(run: FinetuneRun = run) -> Mapping[str, Any]:
            done = finetuned(run, encoder, console)
            came = done.steps_to_80 is not None
            return {"steps": done.steps_to_80 if came else done.n_env_steps, "came": came}

        settings = settings_of(encoder, finetune=run)
        values = cell(f"agents/{run.out.name}", settings, make)
        found.append((values["steps"], values["came"]))
    return found


def _mean(steps: list[tuple[int, bool]]) -> float:
    return float(np.mean([n for n, _ in steps]))


def _counts(steps: list[tuple[int, bool]]) -> str:
    return ", ".join(f"{n:,}" if came else f"never in {n:,}" for n, came in steps)


def shaping_rows(console: Console) -> Iterator[Row]:
    """ChangeLane by success alone, with and without the potential of the aligned space."""
    shaped = RewardConfig(shaping=0.5)
    for seed in SEEDS:
        off = tuned(tuning("ChangeLane", seed), console)
        on = tuned(tuning("ChangeLane", seed, "-shaped", reward=shaped), console)
        lows_and_highs = off["gain"][1:], on["gain"][1:]
        overlap = max(low for low, _ in lows_and_highs) <= min(high for _, high in lows_and_highs)
        is_same = off["before"] == on["before"]  # a start that was trained anew may be another one
        yield Row(
            name=f"ChangeLane by sparse success, shaping on and off, seed {seed}",
            value=f"{100 * on['gain'][0]:+.1f} and {100 * off['gain'][0]:+.1f} points, "
            f"{on['env_steps']:,} and {off['env_steps']:,} env steps"
            + ("" if is_same else ", from two starts"),
            bar="intervals overlap, one start",
            holds=overlap and is_same,
        )


def resume_rows(console: Console) -> Iterator[Row]:
    """A run that is gone on with after half its budget, against one that was not cut."""
    n_rounds = 10
    whole = tuning("ChangeLane", 9, "-whole", episodes=0, rounds_per_evaluation=5)
    whole = replace(
        whole,
        max_env_steps=n_rounds * whole.round_env_steps,
        residual=replace(whole.residual, warm_up_env_steps=4096),
        stopping=replace(whole.stopping, target_success=None),
    )
    cut = replace(whole, out=RUNS / "ChangeLane-cut-9")

    def make() -> Mapping[str, Any]:
        finetuned(whole, encoder_of("ChangeLane"), console)
        # The learning rate falls with the budget, so that the cut is one in time and not of it.
        half_s = [row["elapsed_s"] for row in RunFolder.open(whole.out).rows(CURVE)][n_rounds // 2]
        shutil.rmtree(cut.out, ignore_errors=True)
        finetune(replace(cut, max_seconds=half_s), console)
        n_cut = len(list(RunFolder.open(cut.out).rows(CURVE)))
        finetune(replace(cut, resume=True), console)
        curves = [
            [{**row, "elapsed_s": 0} for row in RunFolder.open(run.out).rows(CURVE)]
            for run in (whole, cut)
        ]
        return {"equal": curves[0] == curves[1], "rounds": len(curves[0]), "cut_after": n_cut}

    values = cell("agents/resume", settings_of(encoder_of("ChangeLane"), finetune=whole), make)
    yield Row(
        name="the curve of a run that was cut and went on, against one undisturbed",
        value=f"{'equal' if values['equal'] else 'other'}, cut after {values['cut_after']} of "
        f"{values['rounds']} rounds",
        bar="equal, cut between",
        holds=bool(values["equal"]) and 0 < values["cut_after"] < values["rounds"] == n_rounds,
    )


def _gained(found: Sequence[Mapping[str, Any]]) -> tuple[float, float, list[float]]:
    """Of finetunings over seeds: mean success after, mean gain, and each one's lower bound."""
    after = float(np.mean([values["after"]["success_at_end"] for values in found]))
    gains, lows = ([float(values["gain"][k]) for values in found] for k in (0, 1))
    return after, float(np.mean(gains)), lows


def _gain_told(found: Sequence[Mapping[str, Any]]) -> str:
    after, gain, lows = _gained(found)
    each = _percents([values["after"]["success_at_end"] for values in found])
    spent = ", ".join(format(values["env_steps"], ",") for values in found)
    return (
        f"{100 * after:.1f} % ({each}) from {100 * found[0]['before']['success_at_end']:.1f} %, "
        f"{100 * gain:+.1f} points, lower bounds {_points(lows)}, after {spent} env steps"
    )


def _percents(values: list[float]) -> str:
    return ", ".join(f"{100 * value:.1f}" for value in values) + " %"


def _points(values: list[float]) -> str:
    return ", ".join(f"{100 * value:+.1f}" for value in values)


ROWS: Mapping[str, Callable[[], Iterator[Row]]] = {
    name: partial(rows, Console())
    for name, rows in {
        "start": start_rows,
        "gain": gain_rows,
        "decoder": decoder_rows,
        "keep": bound_rows,
        "manner": manner_rows,
        "shield": shielded_rows,
        "features": feature_rows,
        "shaping": shaping_rows,
        "resume": resume_rows,
    }.items()
}


if __name__ == "__main__":
    sys.exit(rows_told(ROWS, __doc__, of_cells=True))
