"""What a finetuning is asked to do, and the folder that it begins or goes on with."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, get_args

import torch

from vla_sim.agents.rl_bounds import BoundsConfig
from vla_sim.agents.rl_ppo import PpoConfig
from vla_sim.agents.rl_reward import RewardConfig
from vla_sim.agents.rl_roster import RosterConfig
from vla_sim.agents.rl_sac import SacConfig
from vla_sim.agents.rl_slots import SlotsConfig
from vla_sim.agents.taught import check_taught
from vla_sim.align.checkpoint import INDEX as INDEX_OF_CHECKPOINT
from vla_sim.align.checkpoint import Checkpoint, load_checkpoint, save_checkpoint
from vla_sim.envs.crank import CrankConfig
from vla_sim.envs.suites import tasks_of
from vla_sim.envs.task_names import short_name
from vla_sim.envs.task_table import TaskTable
from vla_sim.envs.tasks import check_engines
from vla_sim.errors import BadConfig, RunFolderError, UnknownName
from vla_sim.eval.run_card import run_card
from vla_sim.eval.stopping import StoppingConfig
from vla_sim.loop.benching.benchmark import BENCH_SEEDS_FROM, MOST_EPISODES
from vla_sim.loop.evaluation import FINETUNE_SEEDS_FROM, GALLERY_SEEDS_FROM, make_protocol
from vla_sim.loop.model_bodies import bodies_of_tasks
from vla_sim.loop.opening import opened, refuse_place
from vla_sim.loop.paths import with_paths
from vla_sim.loop.policies import best_checkpoint
from vla_sim.loop.practised import practised, robot_of
from vla_sim.loop.resumption import begun_with
from vla_sim.loop.rl.rl_features import KINDS, Kind
from vla_sim.loop.rl.rl_policy import ENCODER
from vla_sim.loop.rl.rl_start import CORRECTING, STARTS, ResidualConfig, StartKind
from vla_sim.loop.rl.rl_thaw import UnfreezeConfig
from vla_sim.loop.run_folder import BEST, RunFolder
from vla_sim.loop.tracking.tracker import TrackerName, check_tracker
from vla_sim.ranges import MAX_SEED, above, as_by_default, some, whole
from vla_sim.records.triple import N_ACTION_STEPS

VERB = "finetune"
Algorithm = Literal["ppo", "sac"]
ALGORITHMS: tuple[Algorithm, ...] = get_args(Algorithm)
LATEST = "latest"
"""Where what training goes on from lies."""
MAY_CHANGE = (
    "out",
    "resume",
    "encoder",
    "max_env_steps",
    "max_seconds",
    "stopping.patience",
    "stopping.target_success",
    "stopping.target_task_success",
    "episodes",
    "n_processes",
    "crank.n_threads",
    "track",
)
"""Budgets, when to stop, the benchmark at the end, and what changes no episode; the encoder is in
the folder, and may lie elsewhere now. What makes a report the best stays: what was kept by it is
all that is left to keep."""
_OF_RETRIEVAL = ("retrieval", "retrieval_weight", "min_retrieval_gain", "target_retrieval")
"""Settings of the stopping rule that no report of a finetuning is judged by."""


@dataclass(frozen=True, kw_only=True)
class FinetuneRun:
    """Settings of a finetuning."""

    out: Path = Path("runs/finetune")
    """Run folder."""
    resume: bool = False
    """Go on with the run in OUT from its last round."""
    encoder: Path = Path("runs/align")
    """Folder of a checkpoint or of an alignment run, whose best checkpoint is taken. Its features
    are frozen, see `unfreeze`."""
    start: StartKind = "residual"
    """What the policy begins as: "residual", the aligned policy itself, corrected by what is
    learnt; "decoder", the same, but what corrects it is its own decoder as it learns; "head", a new
    head on its frozen features; "scratch", the encoder's architecture with weights drawn anew and
    trained along: what the alignment is worth."""
    algorithm: Algorithm = "ppo"
    """PPO learns from what it has just done; SAC from all that it remembers, demonstrations of the
    expert and of the start policy among it."""
    features: Kind = "state"
    """What the policy is given of the encoder: the state that its decoder acts on, z_S in the
    aligned space, or both."""
    tasks: tuple[str, ...] = ("Reach",)
    """Tasks, or suites, by name; your own as path/to/file.py:name. One policy learns all of them,
    so that they have one robot."""
    seed: int = 0
    """Seed of weights, noise and training scenes."""
    n_slots: int = 32
    """Simulations at once."""
    max_env_steps: int = 300_000
    """Budget: control steps of all slots together, in whole rounds. The learning rate falls with
    it."""
    max_seconds: float | None = None
    """Cap on the time of training; the run says what it cut. None for no cap."""
    rounds_per_evaluation: int = 10
    """Rounds from one evaluation on held-out scenes to the next: they choose the policy that is
    kept and say when to stop. 0 for none: what the budget leaves is kept."""
    online_episodes: int = 200
    """Episodes of such an evaluation, the same number of each task. Of few the best of several
    looks is luck."""
    episodes: int = 100
    """Episodes per task of the benchmark, before and after, on the same scenes; 0 for none."""
    n_processes: int = 2
    """Processes of the benchmark."""
    track: TrackerName = ""
    """Send losses, evaluations and rates to "tensorboard" (files in OUT), "trackio" or "wandb" as
    well; empty for none."""
    ppo: PpoConfig = field(default_factory=PpoConfig)
    sac: SacConfig = field(default_factory=SacConfig)
    residual: ResidualConfig = field(default_factory=ResidualConfig)
    unfreeze: UnfreezeConfig = field(default_factory=UnfreezeConfig)
    reward: RewardConfig = field(default_factory=RewardConfig)
    bounds: BoundsConfig = field(default_factory=BoundsConfig)
    stopping: StoppingConfig = field(
        default_factory=lambda: StoppingConfig(patience=6, target_success=0.99)
    )
    slots: SlotsConfig = field(default_factory=SlotsConfig)
    roster: RosterConfig = field(default_factory=RosterConfig)
    """Which task is practised next, where there are several."""
    crank: CrankConfig = field(default_factory=CrankConfig)

    def __post_init__(self) -> None:
        with_paths(self)
        check_tracker(self.track)
        some(tasks=self.task_ids)
        if self.start not in STARTS:
            raise UnknownName("start", self.start, STARTS)
        if self.algorithm not in ALGORITHMS:
            raise UnknownName("algorithm", self.algorithm, ALGORITHMS)
        if self.features not in KINDS:
            raise UnknownName("kind of features", self.features, KINDS)
        whole(1, n_processes=self.n_processes)
        whole(1, n_slots=self.n_slots)
        whole(0, MAX_SEED, seed=self.seed)
        whole(0, MOST_EPISODES, episodes=self.episodes)
        whole(0, rounds_per_evaluation=self.rounds_per_evaluation)
        whole(1, GALLERY_SEEDS_FROM - FINETUNE_SEEDS_FROM, online_episodes=self.online_episodes)
        self._check_tasks()
        above(0, max_seconds=self.max_seconds)
        whole(1, max_env_steps=self.max_env_steps)
        if self.max_env_steps < self.round_env_steps:
            raise BadConfig(
                f"max_env_steps is {self.max_env_steps}, less than one round of "
                f"{self.round_env_steps}: n_slots x {self.algorithm}.n_steps x "
                "slots.action_repeat"
            )
        if self.start == "scratch" and self.reward.shaping:
            raise BadConfig(
                f"reward.shaping is {self.reward.shaping} and start is 'scratch': the potential is "
                "the aligned space's, whose weights are drawn anew then; leave one of the two away"
            )
        self.unfreeze.check(self.features)
        if self.unfreeze.is_on and self.unfreeze.after * self.max_env_steps > self.last_from:
            raise BadConfig(
                f"unfreeze.after is {self.unfreeze.after} and max_env_steps is "
                f"{self.max_env_steps}, whose last whole round begins after {self.last_from}: the "
                "encoder would never learn; give it a smaller share or a larger budget"
            )
        if self.unfreeze.is_on and (self.start == "scratch" or self.algorithm == "sac"):
            learner = "start is 'scratch'" if self.start == "scratch" else "algorithm is 'sac'"
            why = "learns from the start" if self.start == "scratch" else "remembers features"
            raise BadConfig(
                f"unfreeze.after is {self.unfreeze.after} and {learner}, which {why}; leave it "
                "away, or say --algorithm ppo with --start residual or head"
            )
        self._check_idle()
        if self.algorithm == "sac":
            self._check_demonstrations()
        if self.start in CORRECTING:
            self._check_residual()
        if self.start == "decoder":
            self._check_decoder()
        if self.algorithm == "sac" and self.start != "residual":
            raise BadConfig(
                f"algorithm is 'sac' and start is {self.start!r}: SAC learns a correction of the "
                "aligned policy by a network of its own; say --start residual, or --algorithm ppo"
            )

    def _check_idle(self) -> None:
        """Refuse settings that say how something is done that is not done.

        One algorithm's may stand beside the other's, and no warm-up beside a new head.
        """
        why = ", and reports of a finetuning hold no retrieval; leave it away"
        as_by_default("stopping", self.stopping, _OF_RETRIEVAL, why)
        if self.algorithm == "sac":
            why = ", and algorithm is 'sac', which sac.pull pulls throughout; leave it away"
            as_by_default("residual", self.residual, ("pull", "pull_until"), why)
        if self.start not in CORRECTING:
            why = f", and start is {self.start!r}, which corrects no policy; leave it away"
            as_by_default("residual", self.residual, ("scale", "pull", "pull_until"), why)
        if self.start != "decoder":
            why = f", and start is {self.start!r}, where no decoder learns; leave it away"
            as_by_default("residual", self.residual, ("decoder_rate",), why)

    def _check_tasks(self) -> None:
        check_engines(self.task_ids, self.crank.engine)
        if len(self.task_ids) == 1:
            return
        robots = {short_name(task_id): robot_of(task_id) for task_id in self.task_ids}
        if len(set(robots.values())) > 1:
            told = ", ".join(f"{name} ({robot})" for name, robot in robots.items())
            raise BadConfig(
                f"tasks has {told}: one policy has the actions of one robot; name those of one, "
                "such as --tasks core-arm or --tasks core-car"
            )
        if self.online_episodes < len(self.task_ids):
            raise BadConfig(
                f"online_episodes is {self.online_episodes}, and there are {len(self.task_ids)} "
                "tasks: give each one episode or more"
            )

    def _check_residual(self) -> None:
        warm_up, repeat = self.residual.warm_up_env_steps, self.slots.action_repeat
        if warm_up > self.last_from:
            raise BadConfig(
                f"residual.warm_up_env_steps is {warm_up}, and max_env_steps is "
                f"{self.max_env_steps}, whose last whole round begins after {self.last_from}: the "
                "actor would never move; give it a larger budget or a shorter warm-up"
            )
        if N_ACTION_STEPS % repeat:
            raise BadConfig(
                f"slots.action_repeat is {repeat}, and the aligned policy plans anew every "
                f"{N_ACTION_STEPS} steps: a correction of it takes a divisor, --start head any"
            )

    def _check_decoder(self) -> None:
        if self.features != "state":
            raise BadConfig(
                f"features is {self.features!r} and start is 'decoder', which acts on the state; "
                "leave it away, or say --start residual"
            )
        if self.unfreeze.is_on:
            raise BadConfig(
                f"unfreeze.after is {self.unfreeze.after} and start is 'decoder', which learns "
                "what a frozen eye tells it; leave it away, or say --start residual"
            )

    def _check_demonstrations(self) -> None:
        config, per_turn = self.sac, self.n_slots * self.slots.action_repeat
        most = max(config.expert_env_steps, config.start_env_steps)
        if config.demonstrations and most < per_turn:
            raise BadConfig(
                f"sac.expert_env_steps is {config.expert_env_steps} and sac.start_env_steps is "
                f"{config.start_env_steps}, less than one decision of all slots, {per_turn}: "
                "n_slots x slots.action_repeat; give one of them more, or say "
                "--sac.demonstrations 0"
            )
        if config.demonstrations and config.expert_env_steps >= per_turn:
            check_taught(self.task_ids)

    @property
    def round_env_steps(self) -> int:
        """Control steps from one improvement to the next, all slots together."""
        n_steps = self.sac.n_steps if self.algorithm == "sac" else self.ppo.n_steps
        return self.n_slots * n_steps * self.slots.action_repeat

    @property
    def last_from(self) -> int:
        """Control steps before the last whole round."""
        return (self.max_env_steps // self.round_env_steps - 1) * self.round_env_steps

    @property
    def task_ids(self) -> tuple[str, ...]:
        """The tasks' Gymnasium ids, each once."""
        return tasks_of(self.tasks)


@contextmanager
def begun(run: FinetuneRun) -> Iterator[RunFolder]:
    """A new run folder, or the one to go on with; nobody else writes it meanwhile.

    Raises:
        RunFolderError: If the folder cannot be written, or belongs to another run or encoder.
        FolderInUse: If another process writes it.
        DamagedFile: If the encoder is missing or damaged; nothing was written then.
    """
    refuse_place(run.out, run, verb=VERB, resume=run.resume, may=MAY_CHANGE)
    extra = {}
    if run.resume:
        _refuse_other_encoder(run)
    else:
        checkpoint = best_checkpoint(run.encoder)
        # Before anything is written.
        require_robot(run.encoder, run.task_ids[0])
        encoder = load_checkpoint(checkpoint)
        bodies_of_tasks(run.task_ids, TaskTable(own=encoder.own_tasks), encoder.task_body)
        extra = {"encoder": str(checkpoint)}
    protocol = make_protocol(
        "bench",
        tasks=run.task_ids,
        first_seed=BENCH_SEEDS_FROM,
        n_episodes=max(run.episodes, 1),
        crank=run.crank,
    )
    card = run_card(protocol=protocol, seed=run.seed, extra=extra)
    scratch = (ENCODER, BEST, LATEST)
    with opened(run.out, run, verb=VERB, resume=run.resume, card=card, scratch=scratch) as folder:
        yield folder


def _refuse_other_encoder(run: FinetuneRun) -> None:
    """Another one than the run was begun with, if it has other weights than the run's own copy."""
    if run.encoder == begun_with(FinetuneRun, run.out, verb=VERB).encoder:
        return  # it may have learnt since: the copy is what counts
    given, own = best_checkpoint(run.encoder), run.out / ENCODER
    is_there = all((place / INDEX_OF_CHECKPOINT).is_file() for place in (given, own))
    if is_there and not is_copy_of(run, given):
        raise RunFolderError(
            f"{run.out} goes on with its own copy of the encoder that it was begun with, and "
            f"{run.encoder} holds another: leave --encoder away, or give another --out"
        )


def is_copy_of(run: FinetuneRun, encoder: Path) -> bool:
    """Whether the encoder in a run's folder has a checkpoint's weights; drawn anew, any do."""
    # Files of weights are named by what is in them.
    own, given = (
        {path.name for path in folder.glob("*.safetensors")}
        for folder in (run.out / ENCODER, encoder)
    )
    return run.start == "scratch" or own == given


def own_encoder(run: FinetuneRun, folder: RunFolder) -> Checkpoint:
    """The run's own copy of the encoder, made if there is none yet."""
    if not (folder.path / ENCODER / INDEX_OF_CHECKPOINT).is_file():
        checkpoint = best_checkpoint(run.encoder)
        given = load_checkpoint(checkpoint)
        model = given.model
        if run.start == "scratch":
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


def require_robot(encoder: Path, task_id: str) -> None:
    """See that an alignment run has trained with the robot of a task.

    A checkpoint alone does not say what it was trained on; then nothing is refused here.

    Raises:
        BadConfig: If it has not.
    """
    trained = practised(encoder)
    robots = {robot_of(trained_id) for trained_id in trained}
    names = ", ".join(map(short_name, trained))
    if robots and robot_of(task_id) not in robots:
        raise BadConfig(
            f"the encoder of {encoder} was trained on {names}, with the robots "
            f"{', '.join(sorted(robots))}; {short_name(task_id)} has {robot_of(task_id)}: name "
            "another --encoder, or a task of its robots"
        )
