"""Measured: how the trained model of a cell is asked to act, and on what."""

from dataclasses import dataclass
from pathlib import Path

from vla_sim.agents.ensemble import ENSEMBLE
from vla_sim.envs.streams import TRAIN_SEEDS_FROM
from vla_sim.errors import BadConfig
from vla_sim.loop.aligning.align_run import AlignRun
from vla_sim.loop.benching.bench_run import BenchRun
from vla_sim.loop.benching.benchmark import MOST_EPISODES
from vla_sim.loop.choice import Choice
from vla_sim.loop.evaluation import GALLERY_SEEDS_FROM
from vla_sim.ranges import whole
from vla_sim.records.episode import Arm

TRUE_WORDS: Arm = "correct"


@dataclass(frozen=True, kw_only=True)
class MeasuredConfig:
    """Settings of the benchmark of a cell."""

    episodes: int = 100
    """Episodes per task and way of telling."""
    told: tuple[Arm, ...] = (TRUE_WORDS, "held_out", "other_language", "swapped")
    """What the policy is told: the truth, unseen words, a translation, another goal."""
    gallery: int = 66
    """Held-out episodes per task in the retrieval gallery."""
    proposals: int = 1
    """As for `vla-sim bench`."""
    guidance: float = 1.0
    """As for `vla-sim bench`."""
    ensemble: float = ENSEMBLE
    """As for `vla-sim bench`."""

    def __post_init__(self) -> None:
        whole(1, MOST_EPISODES, episodes=self.episodes)
        whole(2, TRAIN_SEEDS_FROM - GALLERY_SEEDS_FROM, gallery=self.gallery)
        if TRUE_WORDS not in self.told:
            raise BadConfig(
                f"told is {' '.join(self.told) or 'empty'}; it needs {TRUE_WORDS!r}, to which the "
                "others are compared"
            )
        # Refuses what the switches may not be, whoever acts.
        Choice(
            name="a trained model",
            proposals=self.proposals,
            guidance=self.guidance,
            ensemble=self.ensemble,
        )

    def bench(self, run: AlignRun, policy: Path) -> BenchRun:
        """The benchmark of a run's model, in the calling process."""
        return BenchRun(
            policy=str(policy),
            proposals=self.proposals,
            guidance=self.guidance,
            ensemble=self.ensemble,
            tasks=run.tasks,
            episodes=self.episodes,
            arms=self.told,
            gallery=self.gallery,
            n_processes=0,
            crank=run.simulators.crank,
        )
