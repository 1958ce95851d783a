"""A list of episodes is all that it takes: the same rows in any order, shard and batch."""

import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from tests.loop.results import bytes_of
from vla_sim.cli.main import main
from vla_sim.envs.streams import TRAIN_SEEDS_FROM
from vla_sim.errors import (
    BadConfig,
    DamagedFile,
    ProtocolMismatch,
    RunFolderError,
    UnknownName,
    VlaSimError,
)
from vla_sim.eval.condition import Condition, digest_of
from vla_sim.eval.condition_file import from_json, read_conditions, to_json
from vla_sim.loop.benching.bench import bench, bench_into
from vla_sim.loop.benching.bench_run import BenchRun
from vla_sim.loop.benching.comparing import CompareRun, compared
from vla_sim.loop.benching.freezing import FreezeRun, freeze
from vla_sim.loop.benching.listing import ListRun, list_conditions
from vla_sim.loop.benching.parts import parts
from vla_sim.loop.benching.result import read_result
from vla_sim.loop.benching.row_store import RowStore
from vla_sim.loop.benching.stated import stated_by
from vla_sim.loop.collecting.collect import CollectRun, collect
from vla_sim.records.episode import EpisodeSpec
from vla_sim.triples.lerobot.folder import LeRobotFolder, datasets_in

QUIET = Console(quiet=True)
Capture = pytest.CaptureFixture[str]
WHOLE = BenchRun(
    policy="random",
    tasks=("KeepLane", "ChangeLane"),
    episodes=3,
    arms=("correct", "swapped"),
    gallery=0,
    n_processes=0,
    n_slots=6,
)
LINE = Condition(
    spec=EpisodeSpec(task_id="vla_sim/Reach-v1", seed=3, goal=0), instruction="no such words"
)


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A result of which some episodes are wanted again."""
    out = tmp_path_factory.mktemp("conditions") / "whole"
    bench(replace(WHOLE, out=out), QUIET)
    return out


@pytest.fixture(scope="module")
def half(whole: Path) -> Path:
    """The list of half of its scenes."""
    out = whole.parent / "half.json"
    list_conditions(ListRun(sources=(whole,), share="1/2", out=out))
    return out


def of(path: Path, **changes: Any) -> BenchRun:
    """A benchmark of listed episodes."""
    stated = stated_by(None, path)
    assert stated is not None
    return replace(stated.applied(replace(WHOLE, tasks=("KeepLane",))), **changes)


def written(path: Path, conditions: Sequence[Condition]) -> Path:
    path.write_text(to_json(conditions), encoding="utf-8")
    return path


def test_listed_episodes_are_the_rows_of_the_whole(whole: Path, half: Path, tmp_path: Path) -> None:
    bench(of(half, out=tmp_path / "half"), QUIET)
    rows = read_result(tmp_path / "half").rows
    known = {row.spec: row for row in read_result(whole).rows}
    assert 0 < len(rows) < len(known)
    assert all(known[row.spec] == row for row in rows)
    with pytest.raises(ProtocolMismatch, match='conditions: unknown against "'):
        compared(CompareRun(results=(whole, tmp_path / "half")))


def test_order_batch_and_shards_change_no_byte(half: Path, tmp_path: Path, capsys: Capture) -> None:
    bench(of(half, out=tmp_path / "a"), QUIET)
    turned = written(tmp_path / "turned.json", read_conditions(half)[::-1])
    bench(of(turned, n_slots=1, out=tmp_path / "b"), QUIET)
    assert bytes_of(tmp_path / "a") == bytes_of(tmp_path / "b")
    for k in (1, 2):
        bench_into(of(half, shard=f"{k}/2", out=tmp_path / f"s{k}"), tmp_path / f"s{k}", QUIET)
    shards = [str(tmp_path / "s2"), str(tmp_path / "s1")]
    assert main(["merge", *shards, "--out", str(tmp_path / "m")]) == 0
    assert "failures by kind" in capsys.readouterr().out  # as `bench` tells of one run
    assert bytes_of(tmp_path / "a") == bytes_of(tmp_path / "m")


def test_a_list_that_changed_meanwhile_is_noticed_when_a_run_goes_on(
    whole: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    told = [Condition.of(row) for row in read_result(whole).rows if row.spec.arm == "correct"]
    one, two, three = [c for c in told if c.spec.task_id == "vla_sim/KeepLane-v0"]
    path = written(tmp_path / "c.json", [one, two])
    run = of(path, out=tmp_path / "r")

    def stop(self: RowStore, episodes: Any) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched, pytest.raises(KeyboardInterrupt):
        patched.setattr(RowStore, "add", stop)
        bench(run, QUIET)
    written(path, [one, three])
    with pytest.raises(RunFolderError, match=r"was begun under the protocol bench-v1-.* changed"):
        bench(of(path, out=tmp_path / "r", resume=True), QUIET)


def test_failures_shares_and_arms_are_chosen_and_shares_have_no_scene_in_common(
    whole: Path, tmp_path: Path
) -> None:
    def listed(name: str, *sources: Path, **asked: Any) -> tuple[Condition, ...]:
        return list_conditions(
            ListRun(sources=sources or (whole,), out=tmp_path / f"{name}.json", **asked)
        )

    rows = read_result(whole).rows
    failed = [row for row in rows if not row.success_at_end]
    assert failed
    assert {c.spec for c in listed("failed", where="failed")} == {r.spec for r in failed}
    kind = failed[0].failure
    assert {c.spec for c in listed("kind", failures=(kind,))} == {
        r.spec for r in failed if r.failure == kind
    }
    assert {c.spec.task_id for c in listed("task", tasks=("KeepLane",))} == {"vla_sim/KeepLane-v0"}
    assert {c.spec.arm for c in listed("arm", arms=("swapped",))} == {"swapped"}
    shares = [listed(f"share{k}", share=f"{k}/2") for k in (1, 2)]
    scenes = [{(c.spec.task_id, c.spec.seed) for c in share} for share in shares]
    assert not scenes[0] & scenes[1]
    assert sum(map(len, shares)) == len(rows)
    again = listed("again", tmp_path / "share1.json", tmp_path / "share2.json")
    assert digest_of(again) == digest_of([Condition.of(row) for row in rows])
    wrong: tuple[tuple[dict[str, Any], str], ...] = (
        ({"where": "succeeded"}, "left by what was asked: --where succeeded"),
        ({"sources": (tmp_path,)}, "is neither a result"),
        ({"sources": (tmp_path / "arm.json",), "where": "failed"}, "only a result knows which"),
        ({"sources": ()}, "sources is empty"),
    )
    for asked, match in wrong:
        with pytest.raises((BadConfig, RunFolderError), match=match):
            list_conditions(
                ListRun(**{"sources": (whole,), "out": tmp_path / "none.json", **asked})
            )
    with pytest.raises(RunFolderError, match="is there already"):
        listed("arm")


@pytest.mark.slow
def test_a_protocol_becomes_its_list_along_axes_and_chains_and_is_cut_again(
    tmp_path: Path,
) -> None:
    suites = {"ood-layout": ("KeepLane",), "long": ("Reach",)}
    for suite, tasks in suites.items():
        freeze(
            FreezeRun(
                suite=suite,
                tasks=tasks,
                episodes=2,
                arms=("correct",),
                out=tmp_path / f"{suite}.json",
            )
        )
    sources = tuple(tmp_path / f"{suite}.json" for suite in suites)
    listed = list_conditions(ListRun(sources=sources, out=tmp_path / "all.json"))
    assert len(listed) == 3 * 2 + 2
    assert read_conditions(tmp_path / "all.json") == listed
    run = of(tmp_path / "all.json", out=tmp_path / "r")
    cut = parts(run)
    assert [p.out and p.out.name for p in cut] == ["5", "layout-1", "layout-2", "layout-3"]
    assert sum(p.measurement.n_episodes for p in cut) == len(listed)
    with pytest.raises(BadConfig, match="takes a run for each"):
        bench(run, QUIET)
    bench(cut[1], QUIET)
    result = read_result(tmp_path / "r" / "layout-1")
    digest = result.protocol.conditions
    assert result.card["seeds/evaluation"] == f"as the condition set {digest} lists them"
    rows = result.rows
    assert [(row.spec.axis, row.spec.severity) for row in rows] == [("layout", 1)] * 2


@pytest.mark.parametrize(
    ("change", "match"),
    [
        ({"task": "vla_sim/Fly-v0"}, r"c\.json: episode 1: no task 'vla_sim/Fly-v0'"),
        ({"task": "vla_sim/Reach-v0"}, r"episode 1: task .* is retired; 'vla_sim/Reach-v1'"),
        ({"arm": "shouted"}, r"episode 1: no arm 'shouted'"),
        ({"axis": "wind", "severity": 1}, r"episode 1: no axis 'wind'"),
        ({"axis": "light"}, r"episode 1: axis 'light' has no severity"),
        ({"severity": 2}, r"episode 1: severity 2 of no axis"),
        ({"manner": "rudely"}, r"episode 1: no manner 'rudely'"),
        ({"language": "fr"}, r"episode 1: no language 'fr'"),
        ({"split": "other"}, r"episode 1: no split 'other'"),
        ({"goal": 4}, r"episode 1: goal is 4; use a whole number, 0 to 3"),
        ({"seed": -1}, r"episode 1: seed is -1"),
        ({"seed": True}, r"episode 1: seed is True, no int"),
        ({"n_instructions": 6}, r"episode 1: n_instructions is 6"),
        ({"wind": 3}, r"episode 1: an episode has no field 'wind'"),
        ({"seed": 3}, r"c\.json: episode 1 is episode 0 again"),
        ({"seed": 3, "split": "held_out"}, r"episode 1 is episode 0 again"),
    ],
)
def test_an_episode_that_means_nothing_is_refused_by_place_and_name(
    change: dict[str, Any], match: str, tmp_path: Path
) -> None:
    path = tmp_path / "c.json"
    lines = [LINE.plain, LINE.plain | {"seed": 4} | change]
    path.write_text(json.dumps({"format": "vla-sim conditions 1", "episodes": lines}))
    with pytest.raises(VlaSimError, match=match):
        read_conditions(path)


@pytest.mark.parametrize(
    ("change", "match"),
    [
        (lambda read: read.update(format="vla-sim conditions 2"), "says 'vla-sim conditions 2'"),
        (lambda read: read.update(wind=3), "a condition set has no field 'wind'"),
        (lambda read: read.update(episodes=[]), "no list of one or more"),
        (lambda read: read["episodes"].append(3), "episode 1: 3 is no episode"),
        (lambda read: read["episodes"][0].pop("seed"), "episode 0: seed is missing"),
        (lambda read: read["episodes"][0].update(seed=9), "edited: .* without the line it is"),
    ],
)
def test_a_list_that_was_edited_is_refused(
    change: Callable[[dict[str, Any]], object], match: str
) -> None:
    read = json.loads(to_json([LINE]))
    change(read)
    with pytest.raises(DamagedFile, match=match):
        from_json(json.dumps(read))


def test_what_a_list_holds_comes_back_and_its_order_is_not_in_the_digest() -> None:
    other = replace(LINE, spec=replace(LINE.spec, seed=4), instruction="伸手去拿")
    assert from_json(to_json([LINE, other])) == (LINE, other)
    assert digest_of([LINE, other]) == digest_of([other, LINE])
    for change in ({"instruction": "x"}, {"spec": replace(LINE.spec, arm="empty")}):
        assert digest_of([replace(LINE, **change), other]) != digest_of([LINE, other])


def test_words_that_do_not_follow_from_the_seed_are_refused_before_any_work(
    half: Path, tmp_path: Path, capsys: Capture
) -> None:
    path = written(tmp_path / "c.json", [LINE])
    with pytest.raises(BadConfig, match="the instruction is 'no such words' there, and '"):
        bench(of(path, out=tmp_path / "r"), QUIET)
    assert not (tmp_path / "r").exists()
    assert main(["protocol", "show", str(path)]) == 1
    assert "the instruction is 'no such words' there, and '" in capsys.readouterr().out
    assert main(["protocol", "show", str(half)]) == 0
    assert "it can be measured here" in capsys.readouterr().out


def test_settings_beside_a_list_are_refused_where_they_contradict(
    half: Path, tmp_path: Path, capsys: Capture
) -> None:
    by = ["bench", "--conditions", str(half), "--policy", "zero"]
    freeze(FreezeRun(out=tmp_path / "p.json"))
    for words, match in (
        (["--arms", "empty"], "arms is empty, and there correct swapped"),
        (["--tasks", "Lift"], "tasks is vla_sim/Lift-v1, and there vla_sim/ChangeLane-v1 "),
        (["--until-width", "0.2"], "leave one of the two away"),
        (["--protocol", str(tmp_path / "p.json")], "each decide which episodes are run"),
    ):
        assert main([*by, *words]) == 2
        assert match in capsys.readouterr().err


def test_a_collection_is_of_the_listed_episodes(
    half: Path, tmp_path: Path, capsys: Capture
) -> None:
    listed = [c for c in read_conditions(half) if c.spec.task_id == "vla_sim/KeepLane-v0"]
    path = written(tmp_path / "lane.json", listed)
    out = tmp_path / "data"
    words = ["collect", "--conditions", str(path), "--out", str(out), "--crank.image-size", "16"]
    assert main([*words, "--policy", "zero"]) == 0
    assert f"{len(listed)} of the {len(listed)} listed episodes" in capsys.readouterr().out
    (root,) = datasets_in(out)
    rows = LeRobotFolder.open(root).episodes
    held = {(row["seed"], row["arm"], row["instruction"]) for row in rows}
    assert held == {(c.spec.seed, c.spec.arm, c.instruction) for c in listed}
    assert len(rows) == len(listed)
    run = CollectRun(
        out=out,
        conditions=path,
        tasks=("KeepLane",),
        episodes=len(listed),
        policy="zero",
        resume=True,
    )
    run = replace(run, crank=replace(run.crank, image_size=16))
    assert collect(run, QUIET)["vla_sim/KeepLane-v0"].episodes == 0, (
        "what is on disk is not repeated"
    )
    written(path, listed[:-1])
    with pytest.raises(RunFolderError, match="begun under the protocol"):
        collect(replace(run, episodes=len(listed) - 1), QUIET)
    changes: tuple[dict[str, Any], ...] = ({"seed": 1}, {"episodes": 9}, {"tasks": ("Lift",)})
    for change in changes:
        with pytest.raises(BadConfig, match="leave all three away"):
            replace(run, **{"episodes": len(listed) - 1, **change})
    shifted = replace(listed[0], spec=replace(listed[0].spec, axis="light", severity=1))
    written(path, [shifted])
    with pytest.raises(BadConfig, match="episode 0: axis 'light'; datasets hold"):
        replace(run, episodes=1)


def test_a_teacher_is_told_no_arm_and_shows_each_scene_once(
    half: Path, tmp_path: Path, capsys: Capture
) -> None:
    listed = [c for c in read_conditions(half) if c.spec.task_id == "vla_sim/KeepLane-v0"]
    assert {c.spec.arm for c in listed} == {"correct", "swapped"}
    only = [c for c in listed if c.spec.arm == "swapped"]
    for name, some, said in (("both", listed, True), ("only", only, False)):
        path, out = written(tmp_path / f"{name}.json", some), tmp_path / name
        words = ["collect", "--conditions", str(path), "--out", str(out)]
        for more in ([], ["--resume"]):
            assert main([*words, "--crank.image-size", "16", *more]) == 0
            told = f"{len(only)} of the {len(listed)} listed episodes differ" in (
                capsys.readouterr().out
            )
            assert told == said
        (root,) = datasets_in(out)
        rows = LeRobotFolder.open(root).episodes
        assert {(row["seed"], row["arm"]) for row in rows} == {
            (c.spec.seed, "correct") for c in only
        }
        assert len(rows) == len(only)
        assert all(row["shown"] == row["instruction"] for row in rows)


def test_training_scenes_are_listed_by_a_protocol_of_their_seeds(tmp_path: Path) -> None:
    freeze(
        FreezeRun(
            tasks=("Reach",),
            episodes=2,
            arms=("correct",),
            first_seed=TRAIN_SEEDS_FROM,
            out=tmp_path / "p.json",
        )
    )
    listed = list_conditions(ListRun(sources=(tmp_path / "p.json",), out=tmp_path / "c.json"))
    assert [c.spec.seed for c in listed] == [TRAIN_SEEDS_FROM, TRAIN_SEEDS_FROM + 1]


def test_names_that_are_no_choice_are_refused() -> None:
    for asked, kind in (
        ({"where": "lost"}, UnknownName),
        ({"failures": ("lost",)}, UnknownName),
        ({"failures": ("collision",), "where": "succeeded"}, BadConfig),
        ({"share": "3/2"}, BadConfig),
        ({"tasks": ("Fly",)}, UnknownName),
        ({"out": Path("c.txt")}, BadConfig),
    ):
        with pytest.raises(kind, match=f"{next(iter(asked))}|kind of failure|choice|task"):
            ListRun(**asked)
