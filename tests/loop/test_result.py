"""A result is the same bytes however it was measured, and an edit of it is noticed."""

import json
import shutil
from dataclasses import replace
from pathlib import Path
from unittest.mock import Mock

import numpy as np
import pyarrow.parquet as pq
import pytest
from rich.console import Console

from tests.loop.results import bytes_of, killed_after_first_rows
from vla_sim.cli.bench import show
from vla_sim.errors import BadConfig, DamagedFile, ProtocolMismatch, RunFolderError
from vla_sim.eval.columns import COLUMNS
from vla_sim.eval.metrics.table import METRICS
from vla_sim.loop.benching.bench import bench, bench_into
from vla_sim.loop.benching.bench_run import BenchRun
from vla_sim.loop.benching.comparing import CompareRun, compared, comparison_of, sentences
from vla_sim.loop.benching.episode_table import checksum, read_rows, write_rows
from vla_sim.loop.benching.merging import MergeRun, merge
from vla_sim.loop.benching.result import EPISODES, REPORT, read_result, read_shard, write_result
from vla_sim.loop.benching.row_store import RowStore
from vla_sim.loop.benching.shard import Shard
from vla_sim.loop.benching.until import UntilConfig
from vla_sim.loop.run_folder import RunFolder
from vla_sim.loop.showing import reporting
from vla_sim.loop.showing.reporting import ReportRun, write_run_report
from vla_sim.records.episode import Episode
from vla_sim.records.reports import InformationBound, RetrievalReport

QUIET = Console(quiet=True)
RUN = BenchRun(
    policy="expert",
    tasks=("Reach",),
    episodes=6,
    arms=("correct",),
    gallery=0,
    n_processes=0,
    n_slots=6,
)


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The result that one process writes in one go."""
    out = tmp_path_factory.mktemp("results") / "whole"
    bench(replace(RUN, out=out), QUIET)
    return out


@pytest.fixture(scope="module")
def idle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same measurement of a policy that does nothing."""
    out = tmp_path_factory.mktemp("results") / "idle"
    bench(replace(RUN, policy="zero", out=out), QUIET)
    return out


def test_a_folder_holds_protocol_rows_report_and_card(whole: Path) -> None:
    names = {path.name for path in whole.iterdir()}
    assert names == {"protocol.json", "episodes.parquet", "report.json", "run_card.json"}
    table = pq.read_table(whole / EPISODES)
    assert table.num_rows == 6
    assert set(METRICS) <= set(table.column_names)
    assert table.schema.field("time_s").metadata[b"unit"] == b"s"
    result = read_result(whole)
    assert result.policy == "expert"
    report = bench(replace(RUN, out=None), QUIET)
    assert report.tasks == result.report.tasks
    assert result.report.run_card.items() <= {**report.run_card, **result.card}.items()


def test_slots_and_threads_change_no_byte(whole: Path, tmp_path: Path) -> None:
    crank = replace(RUN.crank, n_threads=2)
    bench(replace(RUN, n_slots=2, crank=crank, out=tmp_path / "again"), QUIET)
    assert bytes_of(tmp_path / "again") == bytes_of(whole)


def test_an_interrupted_run_goes_on_to_the_same_bytes(
    whole: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = replace(RUN, n_slots=1, out=tmp_path / "cut")
    with killed_after_first_rows(monkeypatch):
        bench(run, QUIET)
    with pytest.raises(RunFolderError, match="is not finished; go on with"):
        read_result(tmp_path / "cut")
    (tmp_path / "cut").rename(tmp_path / "a cut")
    with pytest.raises(RunFolderError, match=r"--out '.*/a cut'`"):
        read_result(tmp_path / "a cut")
    (tmp_path / "a cut").rename(tmp_path / "cut")
    with pytest.raises(RunFolderError, match="--resume to go on"):
        bench(run, QUIET)
    with pytest.raises(RunFolderError, match=r"begun with episodes = 6, not 7"):
        bench(replace(run, episodes=7, resume=True), QUIET)
    n_run: list[int] = []
    kept = RowStore.add

    def counted(self: RowStore, episodes: list[Episode]) -> None:
        n_run.append(len(episodes))
        kept(self, episodes)

    monkeypatch.setattr(RowStore, "add", counted)
    bench(replace(run, resume=True, n_slots=6), QUIET)
    assert 0 < sum(n_run) < 6, "what was on disk is not repeated"
    assert bytes_of(tmp_path / "cut") == bytes_of(whole)
    n_run.clear()
    bench(replace(run, resume=True), QUIET)
    assert not n_run, "nothing is left to do"


def test_shards_merge_to_the_same_bytes_and_refuse_what_does_not_fit(
    whole: Path, tmp_path: Path
) -> None:
    folders = [tmp_path / f"s{k}" for k in (1, 2, 3)]
    for k, folder in enumerate(folders, start=1):
        result = bench_into(replace(RUN, shard=f"{k}/3", out=folder), folder, QUIET)
        assert len(result.rows) == 2
    merge(MergeRun(shards=tuple(reversed(folders)), out=tmp_path / "merged"))
    assert bytes_of(tmp_path / "merged") == bytes_of(whole)

    def refused(*shards: Path) -> MergeRun:
        return MergeRun(shards=shards, out=tmp_path / "none")

    with pytest.raises(BadConfig, match="shards are missing: 2/3"):
        merge(refused(folders[0], folders[2]))
    with pytest.raises(BadConfig, match=r"s1 and .*s1 are both shard 1/3"):
        merge(refused(folders[0], folders[0], folders[1]))
    with pytest.raises(RunFolderError, match="no shard of a result"):
        merge(refused(whole))
    with pytest.raises(RunFolderError, match="is shard 1/3 of a result; `vla-sim merge`"):
        read_result(folders[0])
    halves = replace(RUN, shard="1/2", out=tmp_path / "half")
    bench_into(halves, tmp_path / "half", QUIET)
    with pytest.raises(BadConfig, match="shares of different wholes"):
        merge(refused(folders[0], tmp_path / "half"))
    zero = replace(RUN, policy="zero", shard="2/3", out=tmp_path / "zero")
    bench_into(zero, tmp_path / "zero", QUIET)
    with pytest.raises(ProtocolMismatch, match="measured with expert and zero"):
        merge(refused(folders[0], tmp_path / "zero", folders[2]))
    rows = read_rows(folders[1] / EPISODES)
    write_rows(folders[1] / EPISODES, rows[:1])
    with pytest.raises(DamagedFile, match=r"episodes\.parquet was edited"):
        read_shard(folders[1])
    assert not (tmp_path / "none").exists()


def test_a_result_of_before_has_the_intervals_of_today_and_no_other_values(
    whole: Path, tmp_path: Path
) -> None:
    shutil.copytree(whole, tmp_path / "older")
    path = tmp_path / "older" / REPORT
    said = json.loads(path.read_text())
    spl = said["tasks"][0]["means"]["spl"]
    spl["low"] -= 0.01
    path.write_text(json.dumps(said))
    assert read_result(path.parent).report == read_result(whole).report
    spl["value"] -= 0.01
    path.write_text(json.dumps(said))
    with pytest.raises(DamagedFile, match=r"report\.json was edited"):
        read_result(path.parent)


def test_a_shard_brings_back_the_retrieval_that_it_was_measured_with(
    whole: Path, tmp_path: Path
) -> None:
    bound = InformationBound(nats=2.0, n_pairs=16, n_batches=32, spread=0.1)
    found = RetrievalReport(
        gallery_size=66,
        values={"V->L/R@10": 0.5},
        chance={"V->L/R@10": 0.1},
        information={"V-L@16": bound},
    )
    read = read_result(whole)
    share = replace(read, retrieval=found, shard=Shard(k=1, n=1))
    write_result(tmp_path / "s1", share, read.card)
    assert read_shard(tmp_path / "s1").retrieval == found
    merged = merge(MergeRun(shards=(tmp_path / "s1",), out=tmp_path / "merged"))
    show(merged, QUIET)  # it says of each bound if it is saturated
    assert merged == read_result(tmp_path / "merged").report


def test_a_merge_that_was_cut_is_made_again(
    whole: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    read = read_result(whole)
    write_result(tmp_path / "s1", replace(read, shard=Shard(k=1, n=1)), read.card)
    run = MergeRun(shards=(tmp_path / "s1",), out=tmp_path / "merged")
    with monkeypatch.context() as killed, pytest.raises(KeyboardInterrupt):
        killed.setattr(
            "vla_sim.loop.benching.result.write_json", Mock(side_effect=KeyboardInterrupt)
        )
        merge(run)
    merge(run)
    assert bytes_of(run.out) == bytes_of(whole)
    with pytest.raises(RunFolderError, match=r"already holds .*; give another --out$"):
        merge(run)


def test_an_edit_of_a_result_is_noticed(whole: Path, tmp_path: Path) -> None:
    def copied(name: str) -> Path:
        folder = tmp_path / name
        folder.mkdir()
        for path in whole.iterdir():
            (folder / path.name).write_bytes(path.read_bytes())
        return folder

    rows = copied("rows")
    first, *others = read_rows(rows / EPISODES)
    write_rows(rows / EPISODES, [replace(first, progress=0.25), *others])
    with pytest.raises(DamagedFile, match="its rows are not those that were measured"):
        read_result(rows)
    report = copied("report")
    said = json.loads((report / "report.json").read_text())
    said["tasks"][0]["rates"]["success_at_end"]["low"] = 0.99
    (report / "report.json").write_text(json.dumps(said))
    with pytest.raises(DamagedFile, match="its numbers are not those of"):
        read_result(report)
    garbage = copied("garbage")
    (garbage / EPISODES).write_bytes(b"PAR1 no more")
    with pytest.raises(DamagedFile, match="cannot be read as parquet"):
        read_result(garbage)
    (copied("text") / "report.json").write_text("not json")
    with pytest.raises(DamagedFile, match=r"report\.json: this is no eval report"):
        read_result(tmp_path / "text")
    with pytest.raises(RunFolderError, match="is no result"):
        read_result(tmp_path)


def test_a_file_has_every_column_but_for_metrics_that_came_later(
    whole: Path, tmp_path: Path
) -> None:
    table, path = pq.read_table(whole / EPISODES), tmp_path / EPISODES
    rows = read_rows(whole / EPISODES)
    assert table.column_names == list(COLUMNS)
    for name in COLUMNS:
        pq.write_table(table.drop_columns(name), path)
        if name in METRICS:
            undefined = [replace(r, metrics={**r.metrics, name: np.nan}) for r in rows]
            assert checksum(read_rows(path)) == checksum(undefined), name
        else:
            with pytest.raises(DamagedFile, match=f"lacks the column {name}: .*measure again"):
                read_rows(path)


def test_results_are_compared_from_their_folders(whole: Path, idle: Path, tmp_path: Path) -> None:
    run = CompareRun(results=(whole, idle), out=tmp_path / "c.json")
    comparison = compared(run)
    assert sentences(comparison)[0].startswith("whole is better than idle: success 100.0 %")
    assert json.loads((tmp_path / "c.json").read_text())["policies"] == {
        "whole": "expert",
        "idle": "zero",
    }
    compared(replace(run, on="progress", out=tmp_path / "c.md"))
    assert "| all | whole | idle | 100.0 % |" in (tmp_path / "c.md").read_text()
    with pytest.raises(BadConfig, match="named twice"):
        compared(CompareRun(results=(whole, whole)))


def test_a_report_names_the_folder_that_is_not_there_before_it_films_another(
    whole: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reporting, "_part", lambda *_: pytest.fail("it was begun"))
    run = ReportRun(runs=(whole, tmp_path / "none"), out=tmp_path / "page.html")
    with pytest.raises(RunFolderError, match=r"none holds neither a run .* nor a result"):
        write_run_report(run, QUIET)


def test_results_of_different_protocols_are_not_compared(whole: Path, tmp_path: Path) -> None:
    bench(replace(RUN, episodes=7, out=tmp_path / "more"), QUIET)
    with pytest.raises(ProtocolMismatch, match="n_episodes: 6 against 7"):
        compared(CompareRun(results=(whole, tmp_path / "more")))


def test_results_that_end_where_a_difference_was_seen_are_not_tested_again(
    whole: Path, idle: Path
) -> None:
    stopping = UntilConfig(decided="zero").said
    results = {
        folder.name: replace(read, protocol=replace(read.protocol, stopping=stopping))
        for folder, read in ((folder, read_result(folder)) for folder in (whole, idle))
    }
    with pytest.raises(BadConfig, match=r"decided on success.* decision\.json beside them"):
        comparison_of(results)


@pytest.mark.parametrize(
    ("verb", "says"),
    [
        ("bench", "is not finished; go on with `vla-sim bench --resume"),
        ("collect", "is what `vla-sim collect` writes, and no result"),
    ],
)
def test_what_another_verb_began_is_called_what_it_is(verb: str, says: str, tmp_path: Path) -> None:
    RunFolder.create(tmp_path / "run", {}, {}, verb=verb)
    with pytest.raises(RunFolderError, match=says):
        read_result(tmp_path / "run")
    with pytest.raises(RunFolderError, match=says):
        write_run_report(ReportRun(runs=(tmp_path / "run",)), QUIET)


def test_a_finished_result_of_something_else_is_not_gone_on_with(whole: Path) -> None:
    with pytest.raises(RunFolderError, match="holds another result, of expert"):
        bench(replace(RUN, policy="zero", resume=True, out=whole), QUIET)
    with pytest.raises(RunFolderError, match="is finished, under another protocol: n_episodes: "):
        bench(replace(RUN, episodes=9, resume=True, out=whole), QUIET)


def test_a_plan_falls_into_shares_that_miss_and_repeat_nothing() -> None:
    plan = replace(RUN, tasks=("Reach", "DriveToGoal"), episodes=7).measurement.plan
    shares = [Shard(k=k, n=4).of(plan) for k in (1, 2, 3, 4)]
    dealt = [spec for share in shares for specs in share.values() for spec in specs]
    assert sorted(dealt, key=str) == sorted((s for specs in plan.values() for s in specs), key=str)
    sizes = [sum(map(len, share.values())) for share in shares]
    assert max(sizes) - min(sizes) <= 1


def test_more_episodes_are_run_until_the_interval_is_narrow() -> None:
    until = UntilConfig(width=0.3, fewest=6, cap=20)
    report = bench(replace(RUN, until=until, n_slots=8), QUIET)
    rate = report.tasks[0].rates["success_at_end"]
    assert rate.n == 16, "6 of 6 are too few, and at 16 it is narrow"
    assert rate.high - rate.low <= 0.3
    assert json.loads(report.run_card["protocol/stopping"]) == "width 0.3, 6 to 20 episodes"
    assert json.loads(report.run_card["protocol/n_episodes"]) == 20


def test_the_rule_of_width_sees_no_side() -> None:
    until = UntilConfig(width=0.14)
    for n in range(10, 200, 10):
        for hits in range(n + 1):
            assert until.next_look(n, hits) == until.next_look(n, n - hits)
    assert until.next_look(0, 0) == 10
    assert until.next_look(190, 95) == 200
    assert until.next_look(200, 100) == 200
