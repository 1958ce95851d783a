"""Collect: experts act, every step is labelled for every goal, datasets grow on disk."""

import time
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from vla_sim.agents.controls import POLICIES
from vla_sim.agents.experts.table import expert_for
from vla_sim.agents.taught import check_taught
from vla_sim.envs.crank import Crank, CrankConfig
from vla_sim.envs.plan import draw_spec
from vla_sim.envs.streams import TRAIN_SEEDS_FROM, first_training_seed
from vla_sim.envs.suites import SPINE, tasks_of
from vla_sim.envs.task_names import short_name
from vla_sim.envs.task_table import TaskTable
from vla_sim.envs.tasks import check_engines, make_task
from vla_sim.errors import RunFolderError
from vla_sim.eval.condition import Condition, digest_of
from vla_sim.eval.run_card import run_card
from vla_sim.loop.acting import Acting
from vla_sim.loop.benching.conditions import conditions_in, require_words
from vla_sim.loop.benching.provenance import DIGEST, require_as_begun
from vla_sim.loop.collecting.collect_labelled import labelled_episodes
from vla_sim.loop.collecting.collect_writer import BackgroundWriter
from vla_sim.loop.collecting.listed import check_listed, without_arms
from vla_sim.loop.evaluation import make_protocol
from vla_sim.loop.opening import goes_on, opened, refuse_place
from vla_sim.loop.outsiders import acting_for, try_out
from vla_sim.loop.paths import with_paths
from vla_sim.loop.policies import policy_of
from vla_sim.loop.policy_digest import policy_digest
from vla_sim.loop.practised import robot_of
from vla_sim.loop.progress import ProgressLines
from vla_sim.loop.run_folder import RunFolder
from vla_sim.loop.simulating.labels import Labeller
from vla_sim.protocols.teacher import Teacher
from vla_sim.ranges import MAX_SEED, some, whole
from vla_sim.records.episode import EpisodeSpec
from vla_sim.triples.lerobot.schema import CARD, LeRobotConfig
from vla_sim.triples.lerobot.verify import verify
from vla_sim.triples.lerobot.writer import LeRobotWriter

VERB = "collect"
MAY_CHANGE = ("out", "resume", "tasks", "episodes", "n_slots", "check", "crank.n_threads")
"""Settings that change no episode, or only how many there are."""


@dataclass(frozen=True, kw_only=True)
class CollectRun(Acting):
    """Settings of a collection."""

    out: Path = Path("data")
    """Folder for the datasets, one per robot: OUT/panda, OUT/ackermann_car."""
    tasks: tuple[str, ...] = tuple(short_name(t) for t in SPINE)
    """Tasks and suites by name, see `vla-sim list tasks`; your own as path/to/file.py:name."""
    episodes: int = 50
    """Episodes of each task."""
    policy: str = "expert"
    """Who acts: expert, random, zero, the folder of a checkpoint or run, retrieval: and the folder
    of an alignment run, module:name, ws://host:port, a zip of stable-baselines3, or lerobot: and a
    folder. The expert labels every step, whoever acts."""
    conditions: Path | None = None
    """A file that lists the episodes, see `vla-sim protocol conditions`; none: the first training
    scenes of each task."""
    seed: int = 0
    """Chooses the block of training seeds; equal seeds give equal episodes."""
    n_slots: int = 32
    """Simulations of a task that run at once; episodes do not depend on it."""
    resume: bool = False
    """Go on with the collection in OUT: what is on disk is not repeated."""
    check: bool = True
    """Read every file back at the end."""
    crank: CrankConfig = field(default_factory=CrankConfig)

    def __post_init__(self) -> None:
        with_paths(self)
        some(tasks=self.task_ids)
        check_taught(self.task_ids)
        check_engines(self.task_ids, self.crank.engine)
        self.check_actor()
        whole(1, TRAIN_SEEDS_FROM, episodes=self.episodes)
        whole(1, n_slots=self.n_slots)
        whole(0, MAX_SEED, seed=self.seed)
        if self.conditions is not None:
            check_listed(self.conditions, self.listed, self.task_ids, self.episodes, self.seed)

    @property
    def listed(self) -> tuple[Condition, ...]:
        """The episodes of the file; none where they are drawn."""
        return () if self.conditions is None else conditions_in(self.conditions)

    @property
    def task_ids(self) -> tuple[str, ...]:
        """The tasks' Gymnasium ids, each once."""
        return tasks_of(self.tasks)

    def plan(self, task_id: str) -> list[EpisodeSpec]:
        """The episodes of one task: those listed, or of training seeds, which no benchmark uses."""
        if self.conditions is not None:
            return [c.spec for c in self.listed if c.spec.task_id == task_id]
        first = first_training_seed(self.seed)
        return [draw_spec(task_id, first + k) for k in range(self.episodes)]


@dataclass(kw_only=True)
class Tally:
    """What was collected in this run, counted as it goes."""

    episodes: int = 0
    successes: int = 0
    frames: int = 0
    diverged: int = 0
    failed: int = 0
    """Episodes in which a policy from outside could not go on."""
    failure: str = ""
    """Why, in the first of them."""
    wall_s: float = 0.0


def collect(config: CollectRun, console: Console) -> dict[str, Tally]:
    """Collect what the config plans and is not on disk yet.

    Returns:
        What came in by this call, per task id.

    Raises:
        RunFolderError: If the folder cannot be written, holds something else, or was begun with
            other settings; or if what was written does not read back.
        FolderInUse: If another process writes it.
    """
    is_taught = _is_taught(config)
    if config.conditions is not None:
        require_words(config.listed, config.crank, source=config.conditions)
    resume = goes_on(config.out, console, asked=config.resume)
    card = _card(config)
    if resume:
        # First: what a file listed when it was begun could not be read back beside what it lists.
        RunFolder.open(config.out, verb=VERB)
        held = (DIGEST,) if config.conditions is None else (DIGEST, "protocol")
        require_as_begun(config.out, {name: card[name] for name in held if name in card})
    refuse_place(config.out, config, verb=VERB, resume=resume, may=MAY_CHANGE)
    with opened(config.out, config, verb=VERB, resume=resume, card=card):
        return _collect(config, console, is_taught=is_taught)


def _is_taught(config: CollectRun) -> bool:
    """Whether a teacher acts; a damaged checkpoint is refused before anything is written."""
    if config.policy in POLICIES:
        return config.policy == "expert"
    actor = policy_of(config.choice, Crank(config.task_ids[0], 1, config.crank))
    try_out(config.choice, config.task_ids, config.crank)
    return isinstance(actor, Teacher)


def _collect(config: CollectRun, console: Console, *, is_taught: bool) -> dict[str, Tally]:
    """Bring in what is missing, robot by robot, and read it back."""
    tallies = {}
    plans = {task_id: config.plan(task_id) for task_id in config.task_ids}
    if is_taught:
        n_listed = sum(map(len, plans.values()))
        plans = {task_id: without_arms(plan) for task_id, plan in plans.items()}
        if n_left := n_listed - sum(map(len, plans.values())):
            console.print(
                f"{n_left} of the {n_listed} listed episodes differ from another in their arm "
                "alone: who acts is given the truth and not what an arm says, so each is "
                "collected once",
                highlight=False,
                markup=False,
                soft_wrap=True,
            )
    with ExitStack() as stack:
        bar = stack.enter_context(_progress(console))
        for robot, task_ids in _by_robot(config.task_ids).items():
            root = config.out / robot
            with BackgroundWriter(_open_writer(root, task_ids[0], config)) as writer:
                done = set(writer.writer.specs)
                for task_id in task_ids:
                    plan = [spec for spec in plans[task_id] if spec not in done]
                    n_done = len(plans[task_id]) - len(plan)
                    tallies[task_id] = _collect_task(task_id, plan, n_done, writer, config, bar)
    roots = [config.out / robot for robot in _by_robot(config.task_ids)]
    problems = [problem for root in roots for problem in verify(root)] if config.check else []
    if problems:
        raise RunFolderError("the datasets do not read back: " + "; ".join(problems[:5]))
    return tallies


def _collect_task(
    task_id: str,
    plan: Sequence[EpisodeSpec],
    n_done: int,
    writer: BackgroundWriter,
    config: CollectRun,
    bar: Progress,
) -> Tally:
    """Run one task's episodes and hand them to the writer."""
    tally = Tally()
    line = bar.add_task(
        short_name(task_id),
        total=n_done + len(plan),
        completed=n_done,
        rate="" if plan else "on disk already",
    )
    if not plan:
        return tally
    crank = Crank(task_id, even_slots(len(plan), config.n_slots), config.crank)
    policy = acting_for(config.choice, crank)
    expert = expert_for(task_id, crank.embodiment, crank.task.manners)
    labeller = Labeller(crank, expert, TaskTable.of(config.task_ids))
    began_s, n_steps = time.perf_counter(), 0
    teaches = config.policy == "expert"
    for n_moved, ended in labelled_episodes(crank, policy, labeller, plan, teaches=teaches):
        n_steps += n_moved
        for episode, labels in ended:
            tally.episodes += 1
            tally.diverged += episode.diverged
            tally.successes += episode.success_at_end
            tally.failed += bool(episode.policy_failure)
            tally.failure = tally.failure or episode.policy_failure
            # What came after a blow-up is nothing to learn from, nor what nobody decided.
            if not (episode.diverged or episode.policy_failure):
                writer.add_episode(episode, labels)
                tally.frames += episode.n_steps
        tally.wall_s = time.perf_counter() - began_s
        rate = f"{n_steps / tally.wall_s:,.0f} frames/s"
        bar.update(line, advance=len(ended), rate=rate)
    return tally


def even_slots(n_episodes: int, most: int) -> int:
    """So many slots that the last wave of episodes is as full as the others."""
    n_waves = -(-n_episodes // most)
    return -(-n_episodes // n_waves)


def _open_writer(root: Path, task_id: str, config: CollectRun) -> LeRobotWriter:
    """The robot's dataset, new or as it was left."""
    if (root / CARD).exists():
        return LeRobotWriter.resume(root)
    task, size = make_task(task_id), config.crank.image_size
    dataset = LeRobotConfig.of(
        task.robot.embodiment,
        image_height=size,
        image_width=size,
        run_card=_card(config),
    )
    return LeRobotWriter.create(root, dataset)


def _card(config: CollectRun) -> Mapping[str, str]:
    """Provenance of a collection."""
    protocol = make_protocol(
        "collect",
        tasks=config.task_ids,
        first_seed=config.plan(config.task_ids[0])[0].seed,
        n_episodes=config.episodes,
        crank=config.crank,
    )
    if config.conditions is not None:
        protocol = replace(protocol, conditions=digest_of(config.listed))
    digest = policy_digest(config.choice)
    extra = {"policy": str(config.choice)} | ({DIGEST: digest} if digest else {})
    return run_card(protocol=protocol, extra=extra)


def _by_robot(task_ids: Sequence[str]) -> dict[str, list[str]]:
    """The tasks of each robot: one robot's data is one dataset."""
    grouped: dict[str, list[str]] = {}
    for task_id in task_ids:
        grouped.setdefault(robot_of(task_id), []).append(task_id)
    return grouped


def _progress(console: Console) -> Progress:
    return ProgressLines(
        TextColumn("{task.description:<12}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("episodes"),
        TextColumn("{task.fields[rate]}"),
        TimeRemainingColumn(),
        console=console,
    )
