"""The closed loop: simulators teach, the trainer aligns, the simulators judge, one score decides.

Collection and evaluation run in a process of their own while the trainer trains. A round is: ask
the simulators, train, take in what they bring. In most rounds they bring triples; every few rounds
they bring episodes of the model as it was at the round's start, and the joint score of simulation
and retrieval says whether that model is the best so far and whether to stop.
"""

from dataclasses import replace
from pathlib import Path

import torch

from vla_sim.align.checkpoint import vocabulary_of
from vla_sim.align.crew import Crew
from vla_sim.envs.suites import names_of
from vla_sim.envs.task_table import TaskTable
from vla_sim.eval.protocol import Protocol
from vla_sim.eval.run_card import run_card
from vla_sim.loop.aligning.align_run import MAY_CHANGE, VERB, AlignRun
from vla_sim.loop.aligning.crewing import crew_here, follow
from vla_sim.loop.aligning.dataset import (
    fitted,
    given_by,
    note,
    opening_remarks,
    require_same_data,
)
from vla_sim.loop.aligning.given import Given
from vla_sim.loop.aligning.gradients import GRADIENTS
from vla_sim.loop.aligning.judge import Judge
from vla_sim.loop.aligning.learner import Learner
from vla_sim.loop.aligning.monitor import Monitor
from vla_sim.loop.aligning.preflight import check_trainer
from vla_sim.loop.aligning.remarks import silent_terms
from vla_sim.loop.aligning.resuming import (
    LOSSES,
    SILENT,
    begin_again,
    nothing_left,
    put_back,
    trainer_saved,
)
from vla_sim.loop.aligning.rounds import Rounds, first_harvest
from vla_sim.loop.aligning.supervised import check_supervised
from vla_sim.loop.budget import Budget
from vla_sim.loop.evaluation import ONLINE_SEEDS_FROM, bodies, make_protocol
from vla_sim.loop.opening import opened, refuse_place
from vla_sim.loop.run_folder import RunFolder
from vla_sim.loop.simulating.places import open_simulators
from vla_sim.loop.simulating.simulators import SimulatorsConfig
from vla_sim.loop.simulating.worker import check_processes
from vla_sim.triples.lerobot.contents import Contents, contents


def align(run: AlignRun, monitor: Monitor) -> RunFolder:
    """Train until the budget is spent or the joint score says stop.

    Args:
        run: What to do.
        monitor: Shows progress. Of processes that torchrun started the first alone does.

    Returns:
        The run folder; its `best.json` names the checkpoint that was kept.
    """
    # The simulators have the other core, and two threads collapse on busy ones.
    torch.set_num_threads(1)
    with crew_here(run.learner.memory, run.learner.trainer) as crew:
        if crew.rank == 0:
            return _led(run, monitor, crew)
        follow(crew, run.learner.trainer)
    return RunFolder(run.out)


def _led(run: AlignRun, monitor: Monitor, crew: Crew) -> RunFolder:
    """All of a run but the other processes' updates."""
    check_processes(1 if run.n_processes is None else run.n_processes)
    held = None if run.data is None else contents(run.data)
    run = _settled(run, held)
    refuse_place(run.out, run, verb=VERB, resume=run.resume, may=MAY_CHANGE)
    saved: Path | None = None
    if run.resume:
        begun = RunFolder.open(run.out)
        require_same_data(begun, held)
        if (reason := nothing_left(begun, run)) is not None:
            monitor.say(reason)
            return begun
        saved = trainer_saved(begun)
    check_trainer(run.learner.trainer, image_size=run.simulators.crank.image_size, saved=saved)
    protocol = make_protocol(
        "online",
        tasks=run.task_ids,
        first_seed=ONLINE_SEEDS_FROM,
        n_episodes=run.online_episodes,
        crank=run.simulators.crank,
    )
    table = TaskTable.of((*run.task_ids, *(() if held is None else held.task_ids)))
    check_supervised(run.learner, run.simulators, table, run.task_ids, simulated=held is None)
    given: Given | None = None
    if held is not None:
        given = given_by(
            held,
            table,
            chosen=run.data_memory,
            config=run.learner.memory,
            cache=run.picture_cache,
        )
    with opened(
        run.out,
        run,
        verb=VERB,
        resume=run.resume,
        card=run_card(protocol=protocol, seed=run.seed),
        notes=None if held is None else note(held),
        scratch=(LOSSES, GRADIENTS),
    ) as folder:
        monitor.say(f"run folder {folder.path}")
        for line in () if held is None else opening_remarks(run.task_ids, held):
            monitor.say(line)
        _turn(run, folder, protocol, table, given, monitor, crew)
    return folder


def _settled(run: AlignRun, held: Contents | None) -> AlignRun:
    """The run with its tasks by name, and with what follows from a dataset."""
    task_ids, stations = run.task_ids, run.simulators
    if held is not None:
        task_ids, stations = fitted(task_ids, stations, held)
    return replace(run, tasks=names_of(task_ids, run.tasks), simulators=stations)


def _turn(
    run: AlignRun,
    folder: RunFolder,
    protocol: Protocol,
    table: TaskTable,
    given: Given | None,
    monitor: Monitor,
    crew: Crew,
) -> None:
    """Set the parts up, turn, and say what taught nothing."""
    tasks, crank = run.task_ids, run.simulators.crank
    saved = trainer_saved(folder) if run.resume else None
    if run.resume and saved is None:
        begin_again(folder)
    config = SimulatorsConfig(
        task_ids=tasks,
        stations=run.simulators,
        table=table,
        strip_steps=run.learner.strip_steps,
    )
    with open_simulators(
        config, n_processes=run.n_processes, seed=run.seed, n_trainers=crew.size
    ) as simulators:
        first = given or first_harvest(run, simulators, monitor)
        learner = Learner(
            run.learner,
            image_size=crank.image_size,
            seed=run.seed,
            first_steps=first.first_steps,
            table=table,
            crew=crew,
            vocabulary=None if saved is None else vocabulary_of(saved),
        )
        for line in first.into(learner, table):
            monitor.say(line)
        rounds = Rounds(
            run=run,
            folder=folder,
            simulators=simulators,
            learner=learner,
            budget=Budget(run.max_updates, max_seconds=run.max_seconds),
            monitor=monitor,
        )
        judge = Judge(
            protocol=protocol,
            bodies=bodies(tasks),
            stopping=run.stopping,
            table=table,
            gallery=rounds.gallery(learns=saved is None),
        )
        if saved is not None:
            put_back(folder, learner, judge, rounds.budget)
        rounds.turn(judge)
        silent = silent_terms(
            learner.weights, folder.rows(LOSSES), still=learner.trainer.pulls.still
        )
        folder.write_json(SILENT, silent)
        for line in silent:
            monitor.say(line)
