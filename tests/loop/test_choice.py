"""Who acts, and how it decides: switches, what contradicts them, and episodes that keep bits."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from rich.console import Console
from safetensors.numpy import save_file

from tests.loop.untrained import remember, untrained_run
from vla_sim.agents.aligned import AlignedPolicy
from vla_sim.agents.verified import VerifiedPolicy
from vla_sim.agents.watched import WatchedPolicy
from vla_sim.cli.main import main
from vla_sim.disk import atomic
from vla_sim.envs.crank import Crank, CrankConfig
from vla_sim.envs.language.grammar import say
from vla_sim.envs.language.reader import parse
from vla_sim.envs.language.rephrase import rephrasings
from vla_sim.envs.plan import plan_episodes
from vla_sim.errors import BadConfig, DamagedFile, UnknownName, VlaSimError
from vla_sim.loop.aligning.kept_memory import MEMORY
from vla_sim.loop.aligning.resuming import LATEST
from vla_sim.loop.benching.bench import bench
from vla_sim.loop.benching.bench_run import BenchRun
from vla_sim.loop.benching.evaluate import evaluate
from vla_sim.loop.benching.gap import GapRun
from vla_sim.loop.choice import Choice
from vla_sim.loop.collecting.collect import CollectRun
from vla_sim.loop.detecting.detect import DetectRun
from vla_sim.loop.policies import learned, policy_of
from vla_sim.loop.retrieving import memory_of
from vla_sim.loop.run_folder import BEST
from vla_sim.loop.showing.film import FilmRun
from vla_sim.protocols.chunk_model import ChunkModel
from vla_sim.protocols.policy import Policy
from vla_sim.records.instruction import Meaning, Referent
from vla_sim.records.observation import PolicyInput
from vla_sim.records.signals import SIGNALS
from vla_sim.records.triple import CHUNK_SIZE, N_ACT, N_GOALS

REACH = "vla_sim/Reach-v1"
SMALL = CrankConfig(image_size=16)


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a run whose model learnt nothing, and remembers a few chunks."""
    return untrained_run(tmp_path_factory.mktemp("run") / "one")


@pytest.fixture(scope="module")
def told() -> PolicyInput:
    """What five episodes are given at their first step."""
    ids = np.arange(5)
    crank = Crank(REACH, len(ids), SMALL)
    crank.start(ids, plan_episodes(REACH, range(len(ids))))
    return crank.told(ids, crank.observe(ids))


def assert_rows_are_alone(policy: Policy, told: PolicyInput) -> None:
    together = policy.chunk(told)
    for rows in ([0], [3, 1], [4, 0, 2]):
        assert np.array_equal(policy.chunk(told.take(np.array(rows))), together[rows])
    assert np.abs(together).max() > 0.0


@pytest.mark.parametrize(
    "choice",
    [
        Choice(name="", proposals=8),
        Choice(name="", guidance=1.5),
        Choice(name="", proposals=4, guidance=0.5),
    ],
    ids=lambda choice: choice.told,
)
def test_what_is_decided_does_not_depend_on_the_batch(
    run: Path, told: PolicyInput, choice: Choice
) -> None:
    policy = policy_of(replace(choice, name=str(run)), Crank(REACH, 1, SMALL))
    assert isinstance(policy, VerifiedPolicy)
    assert_rows_are_alone(policy, told)
    alone = policy_of(str(run), Crank(REACH, 1, SMALL))
    assert isinstance(alone, AlignedPolicy)
    assert not np.array_equal(policy.chunk(told), alone.chunk(told))


def test_a_retrieval_policy_runs_what_was_remembered(run: Path, told: PolicyInput) -> None:
    policy = policy_of(f"retrieval:{run}", Crank(REACH, 1, SMALL))
    assert isinstance(policy, AlignedPolicy)
    assert_rows_are_alone(policy, told)


def test_a_run_that_goes_on_is_retrieved_from_anew(run: Path) -> None:
    """Its best model may stay while it remembers other chunks."""

    def index() -> ChunkModel:
        policy = policy_of(f"retrieval:{run}", Crank(REACH, 1, SMALL))
        assert isinstance(policy, AlignedPolicy)
        return policy.model

    before = index()
    assert index() is before
    memory = memory_of(run)
    atomic.write_bytes(memory, memory.read_bytes())
    assert index() is not before


@pytest.mark.parametrize("verb", ["bench", "film", "collect", "detect"])
def test_pictures_of_another_size_are_refused_with_the_option_that_helps(
    run: Path, verb: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    tasks = ["Reach"] if verb == "film" else ["--tasks", "Reach"]
    out = tmp_path / "out.png"
    assert main([verb, *tasks, "--policy", str(run), "--out", str(out)]) == 2
    said = capsys.readouterr().err
    assert f"was trained on pictures of {SMALL.image_size} px, and here they have 64: " in said
    assert said.rstrip().endswith(f"--crank.image-size {SMALL.image_size}")
    assert not out.exists()


def test_a_run_that_was_not_evaluated_yet_says_how_it_gets_there(tmp_path: Path) -> None:
    begun = untrained_run(tmp_path / "begun")
    (begun / BEST).unlink()
    with pytest.raises(BadConfig, match=r"begun was not evaluated yet, .* --out \S+ --resume`"):
        policy_of(str(begun), Crank(REACH, 1, SMALL))


def aligned(run: Path) -> AlignedPolicy:
    policy = policy_of(str(run), Crank(REACH, 1, SMALL))
    assert isinstance(policy, AlignedPolicy)
    return policy


def test_watching_changes_nothing(run: Path, told: PolicyInput) -> None:
    policy = aligned(run)
    watched, alone = (WatchedPolicy(aligned(run), learned(run / "kept")) for _ in range(2))
    later = replace(told, step=told.step + 2)
    for seen in (told, later):
        assert np.array_equal(watched.chunk(seen), policy.chunk(seen))
    for seen in (told, later):
        alone.chunk(seen.take(np.array([2])))
    seed = int(told.own_seed[2])
    assert len(watched.traces) == len(told) and len(watched.traces[seed]) == 2
    assert np.array_equal(watched.traces[seed], alone.traces[seed])
    first, second = watched.traces[seed]
    place = SIGNALS.index("drift")
    assert np.isfinite(first).all() and first[place] == 0.0 == pytest.approx(
        second[place], abs=1e-6
    )


def test_rephrasings_mean_the_same_and_follow_from_the_text() -> None:
    meaning = Meaning(intent_id="lift", referent=Referent(colour="red", shape="cube"))
    told = say(meaning, language="en", split="held_out", rng=np.random.default_rng(0)).text
    said = rephrasings(told, 6)
    assert len({told, *said}) == 7 and said == rephrasings(told, 6)
    assert {text.isascii() for text in said} == {True, False}, "in both languages"
    assert all(parse(text) == meaning for text in said)
    assert rephrasings("make me a sandwich", 3) == () == rephrasings("", 3)


CONTRADICTIONS: list[tuple[dict[str, object], str]] = [
    ({"proposals": 0}, "proposals is 0; use a whole number, 1 to"),
    ({"proposals": 8, "policy": "expert"}, "switches of an aligned model"),
    ({"guidance": 2.0, "policy": "random"}, "guidance 2 for the policy 'random'"),
    ({"proposals": 8, "policy": "retrieval:."}, "one answer and no decoder"),
    ({"guidance": -1.0}, "guidance is -1.0; use 0 to"),
]


@pytest.mark.parametrize(("settings", "match"), CONTRADICTIONS)
@pytest.mark.parametrize("verb", [BenchRun, FilmRun, CollectRun, GapRun])
def test_contradictions_are_refused_before_anything_is_made(
    verb: Callable[..., object], settings: dict[str, object], match: str
) -> None:
    with pytest.raises(BadConfig, match=match):
        verb(**settings)
    with pytest.raises(BadConfig, match=match):
        evaluate(**{"policy": "expert", **settings})  # type: ignore[arg-type]  # by name


def test_an_index_without_rows_is_refused_before_anything_is_made(
    run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(UnknownName, match="retrieval:nowhere"):
        BenchRun(policy="retrieval:nowhere")
    with pytest.raises(BadConfig, match="keeps no chunks to retrieve"):
        BenchRun(policy=f"retrieval:{run / 'kept'}")
    (tmp_path / LATEST).mkdir()
    remember(tmp_path, {"chunk": np.zeros((0, N_GOALS, CHUNK_SIZE, N_ACT), np.float32)})
    assert main(["bench", "--policy", f"retrieval:{tmp_path}"]) == 2
    assert "an index of nothing finds nothing" in capsys.readouterr().err
    save_file({"steps/stored/fingerprint": np.zeros(32, np.uint8)}, tmp_path / LATEST / MEMORY)
    with pytest.raises(BadConfig, match="from a dataset on disk; with --data-memory ring"):
        BenchRun(policy=f"retrieval:{tmp_path}")
    (tmp_path / LATEST / MEMORY).write_bytes(b"no tensors")
    with pytest.raises(DamagedFile, match="cannot be read"):
        BenchRun(policy=f"retrieval:{tmp_path}")


def test_a_report_says_how_it_was_decided(run: Path) -> None:
    asked = BenchRun(
        policy=str(run),
        proposals=4,
        tasks=("Reach",),
        episodes=1,
        arms=("correct",),
        gallery=0,
        n_processes=0,
        crank=SMALL,
    )
    report = bench(asked, Console(quiet=True))
    assert report.run_card["policy"] == f"{run} (4 proposals)"
    same = evaluate(str(run), "Reach", episodes=1, proposals=4, image_size=16)
    assert same.tasks == report.tasks
    assert replace(asked, proposals=1).choice.switched is False


def test_what_has_no_decoder_has_nothing_to_watch(run: Path) -> None:
    with pytest.raises(VlaSimError, match="no decoder to watch"):
        DetectRun(policy=f"retrieval:{run}")
