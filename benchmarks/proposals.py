"""Which of several proposals should be run? Rules beside each other, against what the expert says.

`python -m benchmarks.proposals runs/mine --tasks Lift ChangeLane` lets a trained model act on its
own wording alone, proposes at each decision and says how far the chunk that each rule would take
lies from the expert's: mean absolute error of the steps that are run, in normalised actions. What
the rules share is what was seen and by whom; only words, ways and goals differ.
"""

import argparse
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from benchmarks.decoder_alone import FIRST_TOLD
from benchmarks.truth import Truth
from vla_sim.agents.aligned import padded
from vla_sim.agents.verified import VerifiedPolicy
from vla_sim.envs.crank import Crank, CrankConfig
from vla_sim.envs.language.rephrase import wordings
from vla_sim.envs.rollout import run_all
from vla_sim.envs.task_names import task_id_of
from vla_sim.loop.evaluation import ALL_ARMS, planned_spec
from vla_sim.loop.learned import LearnedModel
from vla_sim.loop.policies import best_checkpoint, learned
from vla_sim.records.proposals import Proposals
from vla_sim.records.teacher_input import TeacherInput

Floats = NDArray[np.float32]
RUN = 4
"""Steps of a chunk that are compared: what is run before it is planned anew, and as many more."""


class Proposing:
    """Acts on the first proposal, and keeps what each rule would have done."""

    needs_images = True

    def __init__(self, model: LearnedModel, crank: Crank, proposals: int) -> None:
        self.model, self.crank = model, crank
        self.policy = VerifiedPolicy(model, proposals=proposals)
        self.n_action_steps = self.policy.n_action_steps
        self.truth = Truth(crank, model.table)
        self.errors: list[Mapping[str, Floats]] = []

    def reset(self, ids: NDArray[np.int64]) -> None:
        """See `VerifiedPolicy.reset`."""
        self.policy.reset(ids)

    @torch.no_grad()
    def teach(self, known: TeacherInput) -> Floats:
        """The chunks of what was said."""
        now = known.told
        (images,) = now.observation.images.values()
        expert = self.truth.of(known)["chunk"].astype(np.float32)
        found = self.model.propose(
            now.task_id,
            images,
            padded(now.observation.proprio),
            [wordings(said.text, self.policy.proposals) for said in now.instructions],
        )
        n_act = now.embodiment.n_act
        self.errors.append(errors_of(found, expert, n_act))
        own = np.clip(found.chunk[:, 0, :, :n_act], -1.0, 1.0)
        return self.policy.ensemble.blended(now, own)


def errors_of(found: Proposals, expert: Floats, n_act: int) -> dict[str, Floats]:
    """{rule: how far what it takes lies from the expert's chunk, (m,)}."""
    chunk = found.chunk[:, :, :RUN, :n_act]
    wanted, near = expert[:, :RUN, :n_act], found.agreement

    def off(taken: Floats) -> Floats:
        error: Floats = np.abs(taken - wanted).mean((1, 2))
        return error

    each = np.abs(chunk - wanted[:, None]).mean((2, 3))
    nothing = np.zeros(n_act, dtype=np.bool_)
    return {
        "what was said": each[:, 0],
        "the nearest": each[np.arange(len(each)), near.argmax(1)],
        "the mean": off(chunk.mean(1)),
        "what they agree on": off(replace(found, chunk=chunk).agreed(nothing)),
        "the best, had one known": each.min(1),
    }


def main() -> None:
    """Run, and tell."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("run", type=Path, help="folder of an alignment, or of a checkpoint")
    parser.add_argument("--tasks", nargs="+", required=True)
    parser.add_argument("--arm", choices=ALL_ARMS, default="correct")
    parser.add_argument("--proposals", type=int, default=8)
    parser.add_argument("--episodes", type=int, default=50)
    asked = parser.parse_args()
    torch.set_num_threads(1)
    model = learned(best_checkpoint(asked.run))
    for name in asked.tasks:
        crank = Crank(task_id_of(name), asked.episodes, CrankConfig(image_size=model.image_px))
        acting = Proposing(model, crank, asked.proposals)
        seeds = range(FIRST_TOLD, FIRST_TOLD + asked.episodes)
        run_all(crank, acting, [planned_spec(crank.task_id, k, arm=asked.arm) for k in seeds])
        print(f"{name}, {asked.arm}:")
        for rule in acting.errors[0]:
            error = float(np.concatenate([errors[rule] for errors in acting.errors]).mean())
            print(f"    {error:.4f} {rule}", flush=True)


if __name__ == "__main__":
    main()
