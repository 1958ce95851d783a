"""What can be learnt on a frozen encoder: how much of the expert's correction its features tell.

Part of the group `agents` of `make claims`. The expert, allowed no more than a residual's largest
correction, says what success such corrections could have; a network of a residual's size, fitted to
its corrections on other scenes, says how much of them can be known from what a residual is given.
`python -m benchmarks.agents_correction` prints the rows.
"""

import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from rich.console import Console
from torch import nn

from benchmarks.agents_finetune import TASKS, encoder_of
from benchmarks.cells import cell
from benchmarks.repeat import settings_of, trained
from benchmarks.row import Row, rows_told
from vla_sim.agents.rl_slots import SlotVecEnv
from vla_sim.align.checkpoint import load_checkpoint
from vla_sim.loop.aligning.align_run import AlignRun
from vla_sim.loop.budget import Budget
from vla_sim.loop.policies import best_checkpoint
from vla_sim.loop.rl.demonstrators import expert_correction, no_correction
from vla_sim.loop.rl.rl_run import FinetuneRun
from vla_sim.loop.rl.sac_learner import SacLearner
from vla_sim.recipes import finetune as recipes

TURNS = {"fitted": 400, "chosen": 120, "told": 120}
"""Decisions of each slot, on scenes of their own: the fit, how long it lasts, what is reported."""
N_FIT, EVERY = 1500, 50
"""Updates of the fit, and from one look at the second part to the next."""
Floats = NDArray[np.float32]


def tuning(task: str) -> FinetuneRun:
    """A residual on the task's aligned model, with the settings that its slots follow from."""
    return replace(recipes.sac(), tasks=(task,), seed=100, encoder=encoder_of(task).out)


def correction_rows() -> Iterator[Row]:
    """Success with the expert's corrections, and the share of them that features tell."""
    for task in TASKS:
        run, encoder = tuning(task), encoder_of(task)

        def make(run: FinetuneRun = run, encoder: AlignRun = encoder) -> Mapping[str, Any]:
            torch.set_num_threads(1)
            place = best_checkpoint(trained(encoder, Console()).path)
            learner = SacLearner(run, load_checkpoint(place), Budget(run.max_env_steps))
            parts = [
                _looked(learner.slots(), n_turns, first_scene=100_000 * (k + 1), corrected=False)
                for k, n_turns in enumerate(TURNS.values())
            ]
            shown = _looked(learner.slots(), TURNS["told"], first_scene=500_000, corrected=True)
            return {
                "start": parts[2][2],
                "corrected": shown[2],
                "told": _told([(seen, wanted) for seen, wanted, _ in parts]),
            }

        values = cell(
            f"agents/correction-{task}",
            settings_of(encoder, finetune=run, turns=TURNS, fit=[N_FIT, EVERY]),
            make,
        )
        start, corrected = values["start"], values["corrected"]
        yield Row(
            name=f"{task}, training scenes: success of the start, and with corrections of the "
            f"expert's of at most {run.residual.scale:g}",
            value=f"{100 * np.mean(start):.1f} % of {len(start)}, "
            f"{100 * np.mean(corrected):.1f} % of {len(corrected)}",
            bar="printed",
            holds=True,
        )
        yield Row(
            name=f"{task}, share of those corrections' square that is known from frozen features, "
            "on other scenes",
            value=f"{values['told']:.2f} (of none: 0)",
            bar="printed",
            holds=True,
        )


def _looked(
    env: SlotVecEnv, n_turns: int, *, first_scene: int, corrected: bool
) -> tuple[Floats, Floats, list[bool]]:
    """What was seen on the way, what the expert would have corrected, and who succeeded.

    The way is that of the start, or the corrected one.
    """
    env.n_begun = first_scene
    expert, start = expert_correction(env), no_correction(env)
    seen, wanted, done = [np.asarray(env.reset())], [], []
    for _ in range(n_turns):
        wanted.append(expert())
        looked, _, over, infos = env.step(wanted[-1] if corrected else start())
        seen.append(np.asarray(looked).copy())
        done += [bool(infos[slot]["is_success"]) for slot in np.flatnonzero(over)]
    return np.concatenate(seen[:-1]), np.concatenate(wanted), done


def _told(parts: list[tuple[Floats, Floats]]) -> float:
    """1 - SSE / SS of no correction on the last part, where the fit was best on the second."""
    torch.manual_seed(0)
    (first, _), *_ = parts
    mean, spread = first.mean(axis=0), first.std(axis=0) + 1e-3
    (x, y), *others = [
        (torch.as_tensor((seen - mean) / spread), torch.as_tensor(wanted)) for seen, wanted in parts
    ]
    width = recipes.default().ppo.hidden
    net = nn.Sequential(
        *(nn.Linear(x.shape[1], width), nn.ReLU(), nn.Linear(width, width), nn.ReLU()),
        nn.Linear(width, y.shape[1]),
    )
    optimiser = torch.optim.AdamW(net.parameters(), lr=1e-3, weight_decay=1e-2)
    found = [(0.0, 0.0)]
    for update in range(N_FIT):
        rows = torch.randint(len(x), (512,))
        loss = (net(x[rows]) - y[rows]).square().mean()
        optimiser.zero_grad()
        torch.autograd.backward(loss)
        optimiser.step()
        if update % EVERY == EVERY - 1:
            with torch.no_grad():
                chosen, told = (
                    float(1.0 - (net(seen) - wanted).square().sum() / wanted.square().sum())
                    for seen, wanted in others
                )
            found.append((chosen, told))
    return max(found)[1]


ROWS: Mapping[str, Callable[[], Iterator[Row]]] = {"correction": correction_rows}


if __name__ == "__main__":
    sys.exit(rows_told(ROWS, __doc__, of_cells=True))
