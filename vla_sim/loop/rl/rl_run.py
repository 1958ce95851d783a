"""What a finetuning is asked to do, and the folder that it begins or goes on with."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import torch

from vla_sim.agents.rl_ppo import PpoConfig
from vla_sim.agents.rl_slots import SlotsConfig
from vla_sim.align.checkpoint import INDEX as INDEX_OF_CHECKPOINT
from vla_sim.align.checkpoint import Checkpoint, load_checkpoint, save_checkpoint
from vla_sim.envs.crank import CrankConfig
from vla_sim.envs.suites import one_task
from vla_sim.errors import BadConfig, UnknownName
from vla_sim.eval.run_card import run_card
from vla_sim.loop.benching.bench import BENCH_SEEDS_FROM, MOST_EPISODES
from vla_sim.loop.evaluation import make_protocol
from vla_sim.loop.opening import opened, refuse_place
from vla_sim.loop.policies import best_checkpoint
from vla_sim.loop.rl.rl_features import KINDS, Kind
from vla_sim.loop.rl.rl_policy import ENCODER
from vla_sim.loop.run_folder import BEST, RunFolder
from vla_sim.loop.tracking.tracker import TrackerName, check_tracker
from vla_sim.ranges import MAX_SEED, above, whole, within

VERB = "finetune"
MAY_CHANGE = (
    "out",
    "resume",
    "encoder",
    "max_env_steps",
    "max_seconds",
    "target_success",
    "episodes",
    "n_processes",
    "crank.n_threads",
    "track",
)
"""Budgets, the benchmark at the end, and what changes no episode; the encoder is in the folder."""


@dataclass(frozen=True, kw_only=True)
class FinetuneRun:
    """Settings of a finetuning."""

    out: Path = Path("runs/finetune")
    """Run folder."""
    resume: bool = False
    """Go on with the run in OUT from its last round."""
    encoder: Path = Path("runs/align")
    """Folder of a checkpoint or of an alignment run, whose best checkpoint is taken. Its features
    are frozen."""
    scratch: bool = False
    """Keep the encoder's architecture but draw its weights anew and train them along: what the
    alignment is worth."""
    features: Kind = "state"
    """What the policy is given of the encoder: the state that its decoder acts on, z_S in the
    aligned space, or both."""
    task: str = "Reach"
    """Task by name; one of your own as path/to/file.py:name."""
    seed: int = 0
    """Seed of weights, noise and training scenes."""
    n_slots: int = 32
    """Simulations at once."""
    max_env_steps: int = 300_000
    """Budget: control steps of all slots together, in whole rounds. The learning rate falls with
    it."""
    max_seconds: float | None = None
    """Cap on the time of training; the run says what it cut. None for no cap."""
    target_success: float = 0.97
    """Stop when so many of the last 100 training episodes succeeded, exploration and all."""
    episodes: int = 100
    """Episodes of the benchmark at the end; 0 for none."""
    n_processes: int = 2
    """Processes of the benchmark."""
    track: TrackerName = ""
    """Send losses, evaluations and rates to "tensorboard" (files in OUT), "trackio" or "wandb" as
    well; empty for none."""
    ppo: PpoConfig = field(default_factory=PpoConfig)
    slots: SlotsConfig = field(default_factory=SlotsConfig)
    crank: CrankConfig = field(default_factory=CrankConfig)

    def __post_init__(self) -> None:
        check_tracker(self.track)
        one_task(self.task)
        if self.features not in KINDS:
            raise UnknownName("kind of features", self.features, KINDS)
        whole(1, n_processes=self.n_processes)
        whole(1, n_slots=self.n_slots)
        whole(0, MAX_SEED, seed=self.seed)
        whole(0, MOST_EPISODES, episodes=self.episodes)
        above(0, max_seconds=self.max_seconds, target_success=self.target_success)
        whole(1, max_env_steps=self.max_env_steps)
        within(0, 1, target_success=self.target_success)
        if self.max_env_steps < self.round_env_steps:
            raise BadConfig(
                f"max_env_steps is {self.max_env_steps}, less than one round of "
                f"{self.round_env_steps}: n_slots x ppo.n_steps x slots.action_repeat"
            )

    @property
    def round_env_steps(self) -> int:
        """Control steps from one improvement to the next, all slots together."""
        return self.n_slots * self.ppo.n_steps * self.slots.action_repeat

    @property
    def task_id(self) -> str:
        """The task's Gymnasium id."""
        return one_task(self.task)


@contextmanager
def begun(run: FinetuneRun) -> Iterator[RunFolder]:
    """A new run folder, or the one to go on with; nobody else writes it meanwhile.

    Raises:
        RunFolderError: If the folder cannot be written, or belongs to another run.
        FolderInUse: If another process writes it.
        DamagedFile: If the encoder is missing or damaged; nothing was written then.
    """
    refuse_place(run.out, run, verb=VERB, resume=run.resume, may=MAY_CHANGE)
    extra = {}
    if not run.resume:
        checkpoint = best_checkpoint(run.encoder)
        load_checkpoint(checkpoint)  # before anything is written
        extra = {"encoder": str(checkpoint)}
    protocol = make_protocol(
        "bench",
        tasks=(run.task_id,),
        first_seed=BENCH_SEEDS_FROM,
        n_episodes=max(run.episodes, 1),
        crank=run.crank,
    )
    card = run_card(protocol=protocol, seed=run.seed, extra=extra)
    scratch = (ENCODER, BEST)
    with opened(run.out, run, verb=VERB, resume=run.resume, card=card, scratch=scratch) as folder:
        yield folder


def own_encoder(run: FinetuneRun, folder: RunFolder) -> Checkpoint:
    """The run's own copy of the encoder, made if there is none yet."""
    if not (folder.path / ENCODER / INDEX_OF_CHECKPOINT).is_file():
        checkpoint = best_checkpoint(run.encoder)
        given = load_checkpoint(checkpoint)
        model = given.model
        if run.scratch:
            torch.manual_seed(run.seed)
            model = model.config.build(model.bodies, model.tokenizer)
        save_checkpoint(
            folder.path / ENCODER,
            model,
            task_body=given.task_body,
            own_tasks=given.own_tasks,
            notes={"from": str(checkpoint)},
        )
        reason = "what the policy sees with"
        folder.write_json(BEST, {"checkpoint": ENCODER, "reason": reason})
    return load_checkpoint(folder.path / ENCODER)
