"""Supervision in the loop: strips come along, labels come from the columns, nonsense is refused."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from vla_sim.align.supervision.coherency import CoherencyConfig
from vla_sim.align.supervision.config import SupervisionConfig
from vla_sim.align.supervision.pseudo_labels import PseudoLabelConfig
from vla_sim.align.supervision.reachability import ReachabilityConfig
from vla_sim.align.trainer_config import TrainerConfig
from vla_sim.envs.language.codes import manners_of
from vla_sim.envs.task_table import TaskTable
from vla_sim.errors import BadConfig
from vla_sim.loop.aligning.learner import Learner, LearnerConfig
from vla_sim.loop.aligning.reach_labels import ReachLabels
from vla_sim.loop.aligning.supervised import check_supervised
from vla_sim.loop.simulating.simulators import Harvest, Simulators, SimulatorsConfig, StationConfig
from vla_sim.recipes import align as recipes
from vla_sim.records.manner import MANNERS
from vla_sim.records.triple import StepTriples

DRIVE, REACH, ROAD = "vla_sim/DriveToGoal-v1", "vla_sim/Reach-v1", "vla_sim/ChangeLane-v1"
COHERENCY = CoherencyConfig(weight=1.0, every=1, strip_steps=20)
ON = SupervisionConfig(coherency=COHERENCY, reachability=ReachabilityConfig(weight=0.5, every=1))


def settings(own: SupervisionConfig = ON) -> LearnerConfig:
    learner = recipes.glance().learner
    trainer = replace(
        learner.trainer,
        supervision=own,
        model=replace(learner.trainer.model, reach=True, motion=True),
    )
    memory = replace(learner.memory, batch_rehearsal=0, batch_strips=4, n_strips=8)
    return replace(learner, trainer=trainer, memory=memory)


@pytest.fixture(scope="module")
def harvest() -> Harvest:
    torch.set_num_threads(1)
    stations = StationConfig(n_slots=8, label_every=40)
    config = SimulatorsConfig(
        task_ids=(DRIVE, REACH), stations=stations, strip_steps=COHERENCY.strip_steps
    )
    return Simulators(config, seed=5).collect(None, expert_share=1.0, n_rows=56)


def test_strips_come_along_and_a_resumed_learner_draws_the_same(
    harvest: Harvest, tmp_path: Path
) -> None:
    assert harvest.strips is not None and len(harvest.strips["task"]) >= 4
    table = TaskTable()
    assert set(harvest.strips["task"].tolist()) <= {table.index(DRIVE), table.index(REACH)}

    def learner() -> Learner:
        return Learner(settings(), image_size=64, seed=0, first_steps=harvest.steps)

    one, other = learner(), learner()
    one.remember(harvest.steps, None, harvest.strips)
    one.learn(1, spent=0, budget=10)
    one.save(tmp_path, {})
    (next_one,) = one.learn(1, spent=1, budget=10)
    other.load(tmp_path)
    (next_other,) = other.learn(1, spent=1, budget=10)
    assert next_one == next_other
    assert {"coherency", "reachability"} <= next_one.terms.keys()
    assert one.drawn is not None and "strips/strip" in one.drawn.columns


def test_labels_are_told_of_places_and_rise_with_the_way(harvest: Harvest) -> None:
    rows = StepTriples(**harvest.steps)  # type: ignore[arg-type]
    least = ReachLabels(TaskTable()).seconds(rows)
    known = ~np.isnan(least)
    assert (known == ((rows.weight > 0.0) & rows.has_point[..., 0])).all()
    to = rows.goal_point[:, :, 0] - rows.proprio[:, None, :3]
    way = np.linalg.norm(to, axis=-1)
    ahead = (to[..., :2] * rows.proprio[:, None, 3:5]).sum(-1) > 0.7 * way
    for task_id, fastest in ((DRIVE, 7.0), (REACH, 0.7)):
        mine = known & (rows.task == TaskTable().index(task_id))[:, None] & np.isfinite(least)
        assert mine.sum() > 20
        assert (least[mine] >= 0.9 * way[mine] / fastest).all(), "nobody beats the top speed"
        mine &= ahead | (task_id == REACH)  # to what lies beside it a car drives a loop
        alike = [mine & (manners_of(rows.meaning) == told) for told in range(len(MANNERS))]
        rises = [np.corrcoef(least[those], way[those])[0, 1] for those in alike]
        assert np.mean(rises) > 0.7, "who is told to be quick is there sooner, from as far"


@pytest.mark.parametrize(
    ("own", "tasks", "changed", "message"),
    [
        (ON, (DRIVE,), {"simulated": False}, "datasets give no strips"),
        (ON, (REACH,), {}, "take 20 steps or more|tell no frequency"),
        (
            SupervisionConfig(reachability=ReachabilityConfig(weight=1.0)),
            (ROAD,),
            {},
            "on a road there is no least time",
        ),
        (
            SupervisionConfig(pseudo_labels=PseudoLabelConfig(weight=1.0)),
            (REACH,),
            {},
            "every row has its actions",
        ),
        (
            SupervisionConfig(),
            (REACH,),
            {"simulated": False, "stations": StationConfig(clip_jitter=0.2)},
            "clips of a dataset are cut",
        ),
    ],
)
def test_what_a_run_has_not_got_is_said_before_it_begins(
    own: SupervisionConfig, tasks: tuple[str, ...], changed: dict[str, Any], message: str
) -> None:
    short = replace(own, coherency=replace(own.coherency, strip_steps=16))
    own = short if tasks == (REACH,) and own is ON else own
    with pytest.raises(BadConfig, match=message):
        check_supervised(
            settings(own),
            changed.get("stations", StationConfig()),
            TaskTable(),
            tasks,
            simulated=changed.get("simulated", True),
        )


def test_the_default_asks_for_nothing() -> None:
    for simulated in (True, False):
        check_supervised(
            LearnerConfig(), StationConfig(), TaskTable(), (REACH, ROAD), simulated=simulated
        )
    assert TrainerConfig().supervision == SupervisionConfig()
    assert LearnerConfig().strip_steps == 0
