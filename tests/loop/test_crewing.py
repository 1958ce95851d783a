"""Several processes in the closed loop: what is refused, who gets what, and how a run ends."""

import json
import time
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tests.align import crew_at_work, squares
from tests.align.launching import ended, launched
from vla_sim.align.fusion.table import FUSIONS
from vla_sim.align.model import ModelConfig
from vla_sim.align.reconciling.conflict_free import ConflictFreeConfig
from vla_sim.align.reconciling.gradnorm import GradNormConfig
from vla_sim.align.reconciling.uncertainty import UncertaintyConfig
from vla_sim.align.supervision.config import SupervisionConfig
from vla_sim.align.supervision.paraphrase import ParaphraseConfig
from vla_sim.align.trainer_config import TrainerConfig
from vla_sim.errors import BadConfig
from vla_sim.loop.aligning.closed_loop import align
from vla_sim.loop.aligning.crewing import check_shared_work, check_shares
from vla_sim.loop.aligning.memory import Memory, MemoryConfig
from vla_sim.loop.aligning.monitor import Monitor
from vla_sim.loop.simulating.places import spare_cores
from vla_sim.recipes import align as recipes


def test_batches_that_cannot_be_shared_are_refused() -> None:
    fits = MemoryConfig(batch_steps=32, batch_segments=96, batch_rehearsal=64)
    check_shares(fits, 4)
    check_shares(replace(fits, batch_rehearsal=0), 4)
    with pytest.raises(
        BadConfig, match=r"3 processes.*batch_steps = 32.*multiple of 3, such as 33"
    ):
        check_shares(fits, 3)
    with pytest.raises(BadConfig, match="batch_rehearsal = 63"):
        check_shares(replace(fits, batch_rehearsal=63), 2)


@pytest.mark.parametrize(
    ("config", "named"),
    [
        (TrainerConfig(reconciling=UncertaintyConfig()), "reconciling 'uncertainty'"),
        (TrainerConfig(reconciling=GradNormConfig()), "reconciling 'gradnorm'"),
        (TrainerConfig(reconciling=ConflictFreeConfig()), "reconciling 'conflict-free'"),
        *(
            (TrainerConfig(model=ModelConfig(fusion=FUSIONS[name])), f"fusion {name!r}")
            for name in ("codebook", "fsq", "moe", "poe")
        ),
        (
            TrainerConfig(supervision=SupervisionConfig(paraphrase=ParaphraseConfig(weight=0.1))),
            "supervision.paraphrase",
        ),
    ],
)
def test_what_one_process_alone_can_do_is_refused(config: TrainerConfig, named: str) -> None:
    with pytest.raises(BadConfig, match=rf"2 processes cannot train with {named}.*torchrun"):
        check_shared_work(config, 2)


def test_what_is_taken_of_the_whole_batch_may_be_shared() -> None:
    for config, _ in crew_at_work.SCENARIOS.values():
        check_shared_work(config, 2)


def test_a_world_that_does_not_fit_is_refused_before_anything_is_made(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    told = {"RANK": "0", "WORLD_SIZE": "5", "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": "1"}
    for name, value in told.items():
        monkeypatch.setenv(name, value)
    began = time.monotonic()
    run = replace(recipes.glance(), out=tmp_path / "run")
    with pytest.raises(BadConfig, match="5 processes cannot share"):
        align(run, Monitor())
    monkeypatch.setenv("WORLD_SIZE", "2")
    trainer = replace(run.learner.trainer, reconciling=GradNormConfig())
    with pytest.raises(BadConfig, match="2 processes cannot train with reconciling 'gradnorm'"):
        align(replace(run, learner=replace(run.learner, trainer=trainer)), Monitor())
    assert time.monotonic() - began < 60 and not (tmp_path / "run").exists()


def test_parts_of_an_update_have_all_labels_and_their_own_pictures() -> None:
    update = crew_at_work.batch(0, 10)
    parts = [update.part(rank, 2) for rank in range(2)]
    assert update.segments is not None
    assert np.array_equal(np.concatenate([part.steps.image for part in parts]), update.steps.image)
    clips = [part.segments.clip for part in parts if part.segments is not None]
    assert np.array_equal(np.concatenate(clips), update.segments.clip)
    for part in parts:
        assert part.rehearsal is not None and len(part.rehearsal.image) == 0
        assert part.steps.weight is update.steps.weight and part.step_texts is update.step_texts


def test_segments_of_a_batch_can_be_shared() -> None:
    config = MemoryConfig(n_segments=40, batch_segments=12)
    memory = Memory(config, image_size=squares.PX, seed=0, n_sharing=4)
    assert memory.segments_per_batch == 0
    rows = vars(squares.segments(np.random.default_rng(0), 40))
    memory.segments.add(rows)  # four meanings, two of each: 8 rows
    assert memory.segments_per_batch == 8
    assert replace(config, batch_segments=6).batch_segments == 6
    other = Memory(replace(config, batch_segments=6), image_size=squares.PX, seed=0, n_sharing=4)
    other.segments.add(rows)
    assert other.segments_per_batch == 4


def test_trainers_leave_their_cores_to_each_other() -> None:
    assert spare_cores(10_000) == 1 <= spare_cores(1)


GLANCE = ("vla_sim.cli.main", "align", "glance", "--tasks", "Reach", "--n-processes", "0")


def said_in(out: Path) -> list[Mapping[str, float]]:
    clocks = ("elapsed_s", "waited_s")
    lines = (out / "losses.jsonl").read_text().splitlines()
    return [{k: v for k, v in json.loads(line).items() if k not in clocks} for line in lines]


@pytest.mark.slow
def test_a_process_that_is_killed_ends_the_run_and_the_run_goes_on(tmp_path: Path) -> None:
    whole, killed = tmp_path / "whole", tmp_path / "killed"
    straight = ended(launched([*GLANCE, "--out", str(whole)], 2), within_s=600)
    assert [status for status, _ in straight] == [0, 0], straight
    processes = launched([*GLANCE, "--out", str(killed)], 2)
    until = time.monotonic() + 600
    while not (killed / "latest" / "trainer" / "checkpoint.json").exists():
        assert time.monotonic() < until and processes[0].poll() is None
        time.sleep(0.1)
    processes[1].kill()
    first, _ = ended(processes, within_s=120)
    assert first[0] == 2 and "one of the 2 processes is gone" in first[1]
    words = ["vla_sim.cli.main", "align", "--resume", "--out", str(killed), "--n-processes", "0"]
    again = ended(launched(words, 2), within_s=600)
    assert [status for status, _ in again] == [0, 0], again
    assert said_in(killed) == said_in(whole)
