"""What a policy's name stands for is told apart from what it stood for yesterday."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from tests.loop.results import killed_after_first_rows
from tests.loop.untrained import untrained_run
from vla_sim.errors import ProtocolMismatch, RunFolderError
from vla_sim.loop.benching.bench import bench, bench_into
from vla_sim.loop.benching.bench_run import BenchRun
from vla_sim.loop.benching.deciding import decide
from vla_sim.loop.benching.merging import MergeRun, merge
from vla_sim.loop.benching.provenance import DIGEST
from vla_sim.loop.benching.result import read_result
from vla_sim.loop.benching.until import UntilConfig
from vla_sim.loop.choice import Choice
from vla_sim.loop.policies import best_checkpoint
from vla_sim.loop.policy_digest import policy_digest

QUIET = Console(quiet=True)
STILL = """
import numpy as np

class Still:
    needs_images = False
    n_action_steps = 4

    def __init__(self, weights: str = ""):
        pass

    def chunk(self, told):
        return np.zeros((len(told), 4, told.embodiment.n_act), dtype=np.float32)
"""


def run_of(policy: str, **changes: Any) -> BenchRun:
    """Two short episodes."""
    run = BenchRun(
        policy=policy,
        tasks=("KeepLane",),
        episodes=2,
        arms=("correct",),
        gallery=0,
        n_processes=0,
        n_slots=1,
    )
    return replace(run, **changes)


@pytest.fixture
def still(tmp_path: Path) -> Path:
    """A policy of somebody's own."""
    path = tmp_path / f"{tmp_path.name}.py"  # two modules of one name would be one
    path.write_text(STILL)
    return path


def test_what_is_the_packages_or_a_servers_has_no_digest() -> None:
    for name in ("expert", "zero", "random", "ws://localhost:1"):
        assert policy_digest(Choice(name=name)) == ""


def test_a_file_and_what_it_is_given_are_in_the_digest(still: Path, tmp_path: Path) -> None:
    weights = tmp_path / "weights.bin"
    weights.write_bytes(b"1")
    plain = Choice(name=f"{still}:Still")
    given = replace(plain, args=(("weights", str(weights)),))
    one, two = policy_digest(plain), policy_digest(given)
    assert len(one) == len(two) == 16
    assert one != two
    weights.write_bytes(b"2")
    assert policy_digest(given) != two
    assert policy_digest(plain) == one
    still.write_text(STILL + "\n# another line\n")
    assert policy_digest(plain) != one


def test_a_checkpoint_is_known_by_its_weights_and_not_by_what_training_notes(
    tmp_path: Path,
) -> None:
    one, two = (untrained_run(tmp_path / name, seed=seed) for name, seed in (("a", 0), ("b", 1)))
    digest = policy_digest(Choice(name=str(one)))
    assert digest
    assert digest != policy_digest(Choice(name=str(two)))
    index = best_checkpoint(one) / "checkpoint.json"
    read = json.loads(index.read_text())
    index.write_text(json.dumps(read | {"notes": {"step": 7}}))
    assert policy_digest(Choice(name=str(one))) == digest


def test_a_measurement_does_not_go_on_with_another_policy_in_its_place(
    still: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = run_of(f"{still}:Still", out=tmp_path / "r")
    with killed_after_first_rows(monkeypatch):
        bench(run, QUIET)
    was = still.read_text()
    still.write_text(was + "\n# learnt\n")
    with pytest.raises(
        RunFolderError, match=r"begun with a policy whose digest was .* has changed"
    ):
        bench(replace(run, resume=True), QUIET)
    still.write_text(was)
    bench(replace(run, resume=True), QUIET)
    result = read_result(tmp_path / "r")
    assert result.report.run_card[DIGEST] == policy_digest(run.choice)
    still.write_text(was + "\n# learnt\n")
    with pytest.raises(RunFolderError, match="what lies at that place has changed"):
        bench(replace(run, resume=True), QUIET)


def test_a_decision_is_not_that_of_another_policy_in_its_place(still: Path, tmp_path: Path) -> None:
    until = UntilConfig(decided=f"{still}:Still", alpha=0.5)
    run = run_of("zero", until=until, out=tmp_path / "d")
    found = decide(run, QUIET)
    was = still.read_text()
    still.write_text(was + "\n# learnt\n")
    with pytest.raises(RunFolderError, match=r"begun against a policy whose digest .* changed"):
        decide(replace(run, resume=True), QUIET)
    still.write_text(was)
    assert decide(replace(run, resume=True), QUIET) == found


@pytest.mark.slow
def test_shards_of_two_policies_under_one_name_do_not_merge(still: Path, tmp_path: Path) -> None:
    folders = []
    for k in (1, 2):
        folder = tmp_path / f"s{k}"
        bench_into(run_of(f"{still}:Still", shard=f"{k}/2", out=folder), folder, QUIET)
        still.write_text(still.read_text() + "\n# learnt\n")
        folders.append(folder)
    with pytest.raises(ProtocolMismatch, match="are not shards of one result"):
        merge(MergeRun(shards=tuple(folders), out=tmp_path / "m"))
