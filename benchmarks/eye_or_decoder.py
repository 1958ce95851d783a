"""Whose fault is it, the eye's or the decoder's? A trained model at work, told the truth in parts.

`python -m benchmarks.eye_or_decoder runs/mine --tasks Lift DriveToGoal` runs the same scenes with
the model's own eyes, with true points, with true hazards and with both in the place of what it
sees, and says how far its eyes erred. What the truth does not mend is the decoder's: whether that
can learn the task at all, `benchmarks.decoder_alone` says.
"""

import argparse
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from benchmarks.decoder_alone import FIRST_TOLD, told
from benchmarks.truth import Truth
from vla_sim.agents.aligned import AlignedPolicy, padded
from vla_sim.align.aims import Aims
from vla_sim.align.model import likeliest
from vla_sim.align.objective import seen_hazard
from vla_sim.envs.crank import Crank, CrankConfig
from vla_sim.envs.plan import plan_episodes
from vla_sim.envs.rollout import run_all
from vla_sim.envs.task_names import task_id_of
from vla_sim.loop.learned import LearnedModel
from vla_sim.loop.policies import best_checkpoint, learned
from vla_sim.records.teacher_input import TeacherInput
from vla_sim.records.triple import QUERIES

Floats = NDArray[np.float32]
TOLD = {
    "its own eyes": (),
    "true points": ("points",),
    "true hazards": ("hazards",),
    "both": ("points", "hazards"),
}


class ToldTheTruth:
    """An aligned policy that is told some of what it would have to see."""

    needs_images = True

    def __init__(self, model: LearnedModel, crank: Crank, parts: tuple[str, ...]) -> None:
        self.model, self.crank, self.parts = model, crank, parts
        self.policy = AlignedPolicy(model)
        self.n_action_steps = self.policy.n_action_steps
        self.truth = Truth(crank, model.table)
        self.errors_m: list[Floats] = []
        """Of each look, (m, N_QUERIES); NaN where there is no point."""

    def reset(self, ids: NDArray[np.int64]) -> None:
        """See `AlignedPolicy.reset`."""
        self.policy.reset(ids)

    @torch.no_grad()
    def teach(self, known: TeacherInput) -> Floats:
        """The model's chunks."""
        now, net = known.told, self.model.core.model
        (images,) = now.observation.images.values()
        truth = self.truth.of(known)
        text_B1D = self.model.core.sentences([said.text for said in now.instructions])[:, None]
        proprio_BP = torch.as_tensor(padded(now.observation.proprio))
        body_B = torch.full((len(now),), self.model.body_of(now.task_id))
        out = net.act(net.vision(torch.as_tensor(images)), text_B1D, proprio_BP, body_B)
        aims, hazard_BS = out.aims, out.hazard_BS
        off_m = np.linalg.norm(aims.point_NQ3[:, 0].numpy() - truth["goal_point"], axis=-1)
        self.errors_m.append(np.where(truth["has_point"], off_m, np.nan))
        if "points" in self.parts:
            aims = Aims(
                point_NQ3=_each(truth["goal_point"]),
                has_point_NQ=_each(truth["has_point"]),
                held_N=_each(truth["held"]),
            )
        if "hazards" in self.parts:
            share_BS = torch.as_tensor(truth["hazard"].astype(np.float32)) / 255.0
            hazard_BS = seen_hazard(share_BS.flatten(1))
        chunk, logit, _ = net.decode(aims, hazard_BS, text_B1D, proprio_BP, body_B)
        return self.policy.settled(now, likeliest(chunk, logit)[:, 0].numpy())


def _each(value: NDArray[np.generic]) -> Tensor:
    """What is true of B moments, of the one goal of each, (B, 1, ...)."""
    return torch.as_tensor(value.astype(np.float32))[:, None]


def main() -> None:
    """Run, and tell."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("run", type=Path, help="folder of an alignment, or of a checkpoint")
    parser.add_argument("--tasks", nargs="+", required=True)
    parser.add_argument("--episodes", type=int, default=100)
    asked = parser.parse_args()
    model = learned(best_checkpoint(asked.run))
    for name in asked.tasks:
        for what, parts in TOLD.items():
            config = CrankConfig(image_size=model.image_px)
            crank = Crank(task_id_of(name), asked.episodes, config)
            if "hazards" in parts and not len(crank.view.hazard_geoms):
                continue
            acting = ToldTheTruth(model, crank, parts)
            seeds = range(FIRST_TOLD, FIRST_TOLD + asked.episodes)
            episodes = run_all(crank, acting, plan_episodes(crank.task_id, seeds))
            print(f"{name}, {what}: {told(episodes, crank)}", flush=True)
            errors_mm = 1e3 * np.concatenate(acting.errors_m)
            for query, off in zip(QUERIES, errors_mm.T, strict=True):
                if len(off := off[np.isfinite(off)]):
                    middle, far = np.percentile(off, (50, 90))
                    print(f"    saw {query} {middle:.0f} mm off, {far:.0f} mm in a tenth of looks")


if __name__ == "__main__":
    main()
