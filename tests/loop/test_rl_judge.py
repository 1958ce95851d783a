"""Which scenes judge a finetuning, and what is told of what they did not judge."""

import time
from dataclasses import replace
from io import StringIO
from pathlib import Path
from typing import Any, cast

import pytest
from rich.console import Console

from tests.loop.untrained import PX, untrained_run
from vla_sim.agents.rl_ppo import PpoConfig
from vla_sim.envs.crank import CrankConfig
from vla_sim.errors import BadConfig, ProtocolMismatch
from vla_sim.eval.report_file import from_json, to_json
from vla_sim.loop.aligning.align_run import AlignRun
from vla_sim.loop.budget import Budget
from vla_sim.loop.evaluation import FINETUNE_SEEDS_FROM, ONLINE_SEEDS_FROM, make_protocol
from vla_sim.loop.rl import finetune as room
from vla_sim.loop.rl import rl_measuring
from vla_sim.loop.rl.finetune import CURVE, Finetuned, finetune
from vla_sim.loop.rl.rl_judge import REPORTS
from vla_sim.loop.rl.rl_run import FinetuneRun
from vla_sim.loop.rl.rl_start import ResidualConfig
from vla_sim.loop.run_folder import RunFolder

CRANK = CrankConfig(image_size=PX)


def tuned(encoder: Path, out: Path, console: Console | None = None, **changes: Any) -> Finetuned:
    run = FinetuneRun(
        out=out,
        encoder=encoder,
        n_slots=4,
        **{"episodes": 0, "rounds_per_evaluation": 2, "online_episodes": 2} | changes,
        ppo=PpoConfig(n_steps=4, batch_size=8, n_epochs=2, hidden=16),
        residual=ResidualConfig(warm_up_env_steps=0),
        crank=CRANK,
    )
    return finetune(run, console or Console(quiet=True))


def stamps(folder: RunFolder) -> list[str]:
    return [from_json(row["report"]).protocol for row in folder.rows(REPORTS)]


def stamp(first_seed: int) -> str:
    reach = FinetuneRun().task_ids
    return make_protocol(
        "online", tasks=reach, first_seed=first_seed, n_episodes=2, crank=CRANK
    ).stamp


def test_no_scene_that_chose_the_encoder_judges_what_is_learnt_on_it(tmp_path: Path) -> None:
    folder = tuned(untrained_run(tmp_path / "aligned"), tmp_path / "run", max_env_steps=128).folder
    assert stamps(folder) == [stamp(FINETUNE_SEEDS_FROM)] * 3
    with pytest.raises(BadConfig, match="online_episodes"):
        AlignRun(online_episodes=1 + FINETUNE_SEEDS_FROM - ONLINE_SEEDS_FROM)


def test_a_run_of_an_older_version_goes_on_with_the_scenes_that_it_began_with(
    tmp_path: Path,
) -> None:
    encoder, out = untrained_run(tmp_path / "aligned"), tmp_path / "run"
    folder = tuned(encoder, out, max_env_steps=64).folder
    rows = list(folder.rows(REPORTS))
    for row in rows:
        report = from_json(row["report"])
        row["report"] = to_json(replace(report, protocol=stamp(ONLINE_SEEDS_FROM)))
    folder.keep_rows(REPORTS, rows)
    tuned(encoder, out, max_env_steps=128, resume=True)
    assert stamps(folder) == [stamp(ONLINE_SEEDS_FROM)] * 3


def test_a_run_whose_reports_were_measured_otherwise_is_not_practised_further(
    tmp_path: Path,
) -> None:
    encoder, out = untrained_run(tmp_path / "aligned"), tmp_path / "run"
    folder = tuned(encoder, out, max_env_steps=64).folder
    rows, practised = list(folder.rows(REPORTS)), list(folder.rows(CURVE))
    for row in rows:
        row["report"] = to_json(replace(from_json(row["report"]), protocol="online@elsewhere"))
    folder.keep_rows(REPORTS, rows)
    with pytest.raises(ProtocolMismatch, match="online@elsewhere"):
        tuned(encoder, out, max_env_steps=128, resume=True)
    assert list(folder.rows(CURVE)) == practised


def test_the_benchmark_before_takes_none_of_the_time_for_training(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    measured, began = rl_measuring.measured_before, []

    def slowly(*args: Any) -> Any:
        found = measured(*args)
        time.sleep(0.5)
        began.append(time.monotonic())
        return found

    monkeypatch.setattr(room, "measured_before", slowly)
    encoder = untrained_run(tmp_path / "aligned")
    done = tuned(encoder, tmp_path / "run", max_env_steps=32, episodes=1)
    assert 0.0 < done.elapsed_s < time.monotonic() - began[0]


def test_what_a_cap_on_time_left_unjudged_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Budget, "out_of_time", property(lambda self: self.n_spent >= 96))
    console = Console(file=StringIO(), width=300)
    tuned(
        untrained_run(tmp_path / "aligned"),
        tmp_path / "run",
        console,
        max_seconds=1.0,
        max_env_steps=256,
    )
    said = cast(StringIO, console.file).getvalue()
    assert "what the last 32 control steps taught was not judged" in said
    assert said.count("--resume with a larger --max-seconds goes on") == 2
