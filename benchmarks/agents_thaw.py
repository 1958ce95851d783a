"""What fine-tuning costs while the encoder learns along, and while several tasks share the slots.

`python -m benchmarks.agents_thaw` prints the rows, `--only` some. Costs are CPU time, which other
work on the machine lengthens little, and follow from sizes and not from weights: the model has the
size of the default recipe and learnt nothing.
"""

import sys
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import torch
from numpy.typing import NDArray

from benchmarks.row import Row, rows_told
from vla_sim.align.checkpoint import Checkpoint, load_checkpoint, save_checkpoint
from vla_sim.align.encoders.tokenizer import Tokenizer
from vla_sim.envs.crank import Crank
from vla_sim.envs.crankshaft import Crankshaft
from vla_sim.envs.plan import draw_spec
from vla_sim.envs.suites import CORE_CAR
from vla_sim.envs.task_table import TaskTable
from vla_sim.envs.tasks import TASK_IDS
from vla_sim.loop.aligning.learner import fit_bodies
from vla_sim.loop.budget import Budget
from vla_sim.loop.model_bodies import bodies_of
from vla_sim.loop.rl.ppo_learner import PpoLearner
from vla_sim.loop.rl.rl_thaw import UnfreezeConfig
from vla_sim.recipes import align, finetune
from vla_sim.records.triple import N_GOALS, N_PROPRIO, N_QUERIES

TASK = "ChangeLane"
N_SLOTS = 32
N_STEPS = 16
"""Decisions of a slot in a round; with the recipe's batches of 512 an epoch is one update."""


def unlearnt(folder: Path) -> Checkpoint:
    """An encoder of the default size with weights as they are drawn."""
    torch.manual_seed(0)
    rng, n = np.random.default_rng(0), 8 * len(TASK_IDS)
    bodies = fit_bodies(
        {
            "task": np.repeat(np.arange(len(TASK_IDS)), 8),
            "proprio": rng.normal(size=(n, N_PROPRIO)),
            "goal_point": rng.normal(size=(n, N_GOALS, N_QUERIES, 3)),
            "has_point": np.ones((n, N_GOALS, N_QUERIES), dtype=np.bool_),
        },
        TaskTable(),
    )
    config = align.default().learner.trainer.model
    model = config.build(bodies, Tokenizer.from_corpus(["change to the left lane"]))
    save_checkpoint(folder, model, task_body=bodies_of(TaskTable()).task_body)
    return load_checkpoint(folder)


def cpu_s(work: Callable[[], object]) -> float:
    """CPU time of this process [s] that some work takes."""
    began = time.process_time()
    work()
    return time.process_time() - began


def thaw_rows() -> Iterator[Row]:
    """A round of PPO, acting and improving, with the encoder frozen and learning along."""
    torch.set_num_threads(1)
    run = finetune.default()
    run = replace(
        run,
        tasks=(TASK,),
        n_slots=N_SLOTS,
        ppo=replace(run.ppo, n_steps=N_STEPS, target_kl=1e9),
        residual=replace(run.residual, warm_up_env_steps=0),
        crank=replace(run.crank, n_threads=1),
    )
    took = {}
    with TemporaryDirectory() as folder:
        encoder = unlearnt(Path(folder) / "encoder")
        for name, after in (("frozen", 1.0), ("thawed", 0.0)):
            asked = replace(run, unfreeze=UnfreezeConfig(after=after))
            learner = PpoLearner(asked, encoder, Budget(asked.max_env_steps))
            learner.env.reset()
            took[name] = cpu_s(learner.improve)
    yield Row(
        name=(
            f"CPU time of a round of {N_SLOTS * N_STEPS} decisions on {TASK}, "
            f"{run.ppo.n_epochs} epochs: frozen, and with vision and policy learning along"
        ),
        value=f"{took['frozen']:.2f} and {took['thawed']:.1f} s, "
        f"{took['thawed'] / took['frozen']:.0f} times",
        bar="printed",
        holds=True,
    )


def shared_rows() -> Iterator[Row]:
    """A control step of slots that share ten tasks, against slots of one."""
    everyone, n_rounds = np.arange(N_SLOTS), 20
    config = replace(finetune.default().crank, n_threads=1)
    nothing = np.zeros((N_SLOTS, 2), dtype=np.float32)
    took = []
    for tasks in (CORE_CAR[2:3], CORE_CAR):
        shaft = Crankshaft([Crank(task_id, N_SLOTS, config) for task_id in tasks])
        specs = [draw_spec(tasks[slot % len(tasks)], 1000 + slot) for slot in range(N_SLOTS)]
        shaft.start(everyone, specs)
        shaft.step(nothing)
        took.append(cpu_s(partial(_steps, shaft, nothing, n_rounds)) / n_rounds)
    yield Row(
        name=f"CPU time of a control step of {N_SLOTS} cars in one task and shared by "
        f"{len(CORE_CAR)}",
        value=f"{1000 * took[0]:.1f} and {1000 * took[1]:.1f} ms, {took[1] / took[0]:.2f} times",
        bar="<= 2 times",
        holds=took[1] <= 2.0 * took[0],
    )


def _steps(shaft: Crankshaft, actions: NDArray[np.float32], n: int) -> None:
    for _ in range(n):
        shaft.step(actions)


ROWS: Mapping[str, Callable[[], Iterator[Row]]] = {"thaw": thaw_rows, "shared": shared_rows}

if __name__ == "__main__":
    sys.exit(rows_told(ROWS, __doc__))
