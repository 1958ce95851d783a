"""A made-up but plausible run, for looking at the report and for testing it."""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from vla_sim.eval.body import Body
from vla_sim.eval.protocol import Protocol
from vla_sim.eval.report.content import Claim, FailureExample, Film, ReportInput
from vla_sim.eval.report.timeline import timeline
from vla_sim.eval.retrieval import chance_values
from vla_sim.eval.run_card import run_card
from vla_sim.eval.statistics import bootstrap_mean, paired_difference, wilson
from vla_sim.eval.stopping import StoppingConfig, decisions
from vla_sim.records.episode import Arm, Episode
from vla_sim.records.reports import (
    Estimate,
    EvalReport,
    InformationBound,
    RetrievalReport,
    TaskReport,
)

TASKS = {
    "vla_sim/Reach-v1": (0.96, "reach for the red cube slowly", "慢慢地移到红色方块那里"),
    "vla_sim/Lift-v1": (0.81, "pick up the blue ball", "把蓝色的球拿起来"),
    "vla_sim/DriveToGoal-v1": (0.90, "drive to the yellow square", "开到黄色方形停车位"),
    "vla_sim/ChangeLane-v1": (0.87, "quickly move over to the left lane", "赶快换到左边的车道"),
}
SHARE: dict[Arm, float] = {
    "correct": 1.0,
    "held_out": 0.96,
    "other_language": 0.98,
    "empty": 0.30,
    "swapped": 0.03,
}
VIOLATIONS = ("velocity", "acceleration", "jerk", "joint_limit", "collision", "action_range")
DIRECTIONS = ("V->L", "L->V", "L->A", "A->L", "V->A", "A->V", "L+V->A", "L+A->V", "V+A->L")
SPINE = Protocol(
    name="spine",
    tasks=tuple(TASKS),
    first_seed=900_000,
    n_episodes=100,
    arms=tuple(SHARE),
    languages=("en", "zh"),
    manners=("normal", "slowly", "quickly", "smoothly"),
    renderer="raycast 1",
    engine="mujoco 4.0.0",
    image_size=(96, 96),
)


def synthetic_run(make: Callable[..., Episode], body: Body) -> ReportInput:
    """Ten evaluations of a model that learns, stops, and still fails at times."""
    rng = np.random.default_rng(0)
    history = tuple(_evaluation(i, rng, n=25, arms=("correct",)) for i in range(10))
    final = _evaluation(5, rng, n=100, arms=tuple(SHARE))
    decided = decisions(history, StoppingConfig())
    return ReportInput(
        title="Aligning one model on four tasks",
        history=history,
        decisions=decided,
        final=final,
        losses=tuple(_losses(step, rng) for step in range(0, 2400, 20)),
        gradients=tuple(_gradients(step) for step in range(1, 2400, 50)),
        films=tuple(
            _film(task, i, en, zh, succeeded=True)
            for i, (task, (_, en, zh)) in enumerate(TASKS.items())
        ),
        failures=_failures(make, body, rng),
        claims=(
            Claim(
                name="Env steps/s against the raw physics loop",
                value="86 %",
                bar="≥ 80 %",
                holds=True,
                command="make claims CLAIMS=spine",
            ),
            Claim(name="Mean success at the end", value="88.5 %", bar="≥ 85 %", holds=True),
            Claim(name="Weakest task", value="68.0 %", bar="≥ 70 %", holds=False),
        ),
        run_card=run_card(protocol=SPINE, seed=1),
    )


def _evaluation(
    index: int, rng: np.random.Generator, *, n: int, arms: tuple[Arm, ...]
) -> EvalReport:
    learnt = float(np.clip(1.0 - np.exp(-0.9 * index), 0.0, 1.0)) - 0.006 * max(index - 6, 0)
    tasks = []
    gains: dict[str, Estimate] = {}
    for task, (top, _, _) in TASKS.items():
        true = rng.random(n) < top * learnt
        for arm in arms:
            told = true if arm == "correct" else rng.random(n) < top * learnt * SHARE[arm]
            tasks.append(_task(task, arm, told, rng))
            if arm != "correct":
                gains[f"{task}/{arm}"] = paired_difference(true, told)
                gains[f"all/{arm}"] = paired_difference(np.tile(true, 4), np.tile(told, 4))
    found = {key: 0.93 * (1 - np.exp(-0.75 * index - 0.1)) for key in DIRECTIONS}
    m = rng.integers(2, 5, size=256)
    values, chance = {}, {}
    for j, key in enumerate(DIRECTIONS):
        for name, by_chance in chance_values(256, m).items():
            spread = {"R@1": 0.55, "R@5": 0.88, "R@10": 1.0, "MRR": 0.68, "nDCG@10": 0.7}[name]
            level = max(found[key] * spread - 0.015 * j, by_chance)
            values[f"{key}/{name}"], chance[f"{key}/{name}"] = float(level), by_chance
    return EvalReport(
        protocol=SPINE.stamp,
        step=240 * index,
        elapsed_s=8.0 + 44.0 * index,
        tasks=tuple(tasks),
        retrieval=RetrievalReport(
            gallery_size=256, values=values, chance=chance, information=_information(index)
        ),
        gains=gains,
    )


def _information(index: int) -> dict[str, InformationBound]:
    """Of clips and words nearly all that a batch can show, of actions little."""
    told = {"V-L@64": 4.0, "L-A@64": 1.6, "V-A@64": 2.2}
    return {
        pair: InformationBound(
            nats=nats * (1 - 0.5 ** (index + 3)), n_pairs=64, n_batches=32, spread=0.1
        )
        for pair, nats in told.items()
    }


def _task(task: str, arm: Arm, success: NDArray[np.bool_], rng: np.random.Generator) -> TaskReport:
    n, hits = len(success), int(success.sum())
    rates = {
        "success_at_end": wilson(hits, n),
        "success_once": wilson(min(hits + 2, n), n),
        "comfortable": wilson(int(0.9 * n), n),
        "diverged": wilson(0, n),
        "manner_kept": wilson(int(0.92 * n), n),
    }
    means = {
        "spl": bootstrap_mean(success * rng.uniform(0.85, 1.0, n)),
        "time_s": bootstrap_mean(rng.gamma(9.0, 0.5, n)),
        "rms_jerk": bootstrap_mean(rng.gamma(4.0, 0.7, n)),
        "peak_jerk": bootstrap_mean(rng.gamma(6.0, 2.0, n)),
        "log_dimensionless_jerk": bootstrap_mean(rng.normal(7.4, 0.4, n)),
    }
    for manner, speed in (("slowly", 0.08), ("smoothly", 0.16), ("normal", 0.2), ("quickly", 0.4)):
        rates[f"manner_kept/{manner}"] = wilson(int(0.92 * n / 4), n // 4)
        means[f"typical_speed/{manner}"] = bootstrap_mean(rng.normal(speed, 0.02, n // 4))
    for i, name in enumerate(VIOLATIONS):
        if name == "joint_limit" and "Drive" in task:
            continue
        steps = np.where(rng.random(n) < 0.03 * i, rng.uniform(0, 0.05, n), 0.0)
        rates[f"violation/{name}"] = wilson(int((steps > 0).sum()), n)
        means[f"violation_steps/{name}"] = bootstrap_mean(steps)
    return TaskReport(task_id=task, arm=arm, rates=rates, means=means, guess_rate=0.25)


def _gradients(step: int) -> dict[str, Any]:
    rng = np.random.default_rng(step)  # of its own, so that nothing else of the run changes
    return {
        "step": step,
        "angles": {
            "behaviour/grounding": float(rng.normal(80.0, 15.0)),
            "behaviour/alignment": float(rng.normal(98.0, 8.0)),
        },
        "norms": {"behaviour": 1.0, "grounding": 0.2, "alignment": 0.05},
        "weights": {"goal": 1.0 + step / 2400, "hazard": 1.0 - step / 4800, "cycle": 1.0},
        "sigmas": {"goal": 0.9 - step / 4800},
    }


def _losses(step: int, rng: np.random.Generator) -> dict[str, float]:
    rows = {
        "v_l": 4.2 * np.exp(-step / 500) + 0.3,
        "l_a": 3.6 * np.exp(-step / 700) + 0.4,
        "v_a": 3.8 * np.exp(-step / 800) + 0.5,
        "cycle": 0.9 * np.exp(-step / 400) + 0.05,
        "grounding": 5.5 * np.exp(-step / 150) + 0.4,
        "cloning": 0.2 * np.exp(-step / 600) + 0.01,
        "jerk": 0.02 * np.exp(-step / 300) if step > 400 else 0.0,
    }
    noisy = {name: value * float(np.exp(0.08 * rng.normal())) for name, value in rows.items()}
    return {"step": step, "elapsed_s": step * 0.18, "total": sum(noisy.values()), **noisy}


def _film(task: str, index: int, en: str, zh: str, *, succeeded: bool, size: int = 96) -> Film:
    """A tool that moves to one of two things on a table."""
    frames = []
    for t in np.linspace(0.0, 1.0, 40):
        image = Image.new("RGB", (size, size), (196, 203, 210))
        pen = ImageDraw.Draw(image)
        pen.rectangle((0, size * 0.45, size, size), fill=(150, 132, 108))
        pen.rectangle((18, 60, 32, 74), fill=(200, 50, 46))
        pen.ellipse((64, 56, 80, 72), fill=(52, 96, 190))
        reach = (t if succeeded else 0.55 * t) * (3 - 2 * t) * t
        x, y = 48 + reach * ((25 if index % 2 == 0 else 72) - 48), 12 + reach * 44
        pen.line((48, -4, x, y), fill=(90, 96, 104), width=5)
        pen.ellipse((x - 4, y - 4, x + 4, y + 4), fill=(235, 238, 240))
        frames.append(np.asarray(image))
    return Film(
        task_id=task,
        frames=np.stack(frames).astype(np.uint8),
        frame_s=0.1,
        text_en=en,
        text_zh=zh,
        outcome="success" if succeeded else "failure",
        succeeded=succeeded,
    )


def _failures(
    make: Callable[..., Episode], body: Body, rng: np.random.Generator
) -> tuple[FailureExample, ...]:
    t = np.linspace(0, 1, 90)
    x = 0.3 * t**2 * (3 - 2 * t) + np.cumsum(0.0008 * rng.normal(size=90)) * (t > 0.6)
    line = timeline(make(x, success=False), body)
    v, u = np.mgrid[0:16, 0:16]
    attention = np.exp(-((u - 11.5) ** 2 + (v - 10.5) ** 2) / 4) + 0.05 * rng.random((16, 16))
    examples = []
    for i, (kind, task, verdict) in enumerate(
        (
            (
                "timeout_near",
                "vla_sim/Lift-v1",
                "It looked at the blue ball and went there, but closed the gripper 2 cm above it; "
                "the jerk passed the limit on 11 of 89 steps while it searched.",
            ),
            ("collision", "vla_sim/DriveToGoal-v1", "It cut the corner of the second obstacle."),
        )
    ):
        _, en, zh = TASKS[task]
        film = _film(task, i + 1, en, zh, succeeded=False)
        examples.append(
            FailureExample(
                kind=kind,
                n_of_kind=12 - 5 * i,
                n_episodes=400,
                film=film,
                timeline=line,
                picture=film.frames[10] if i == 0 else None,
                attention=attention if i == 0 else None,
                verdict=verdict,
            )
        )
    return tuple(examples)
