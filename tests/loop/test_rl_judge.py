"""Which scenes judge a finetuning."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from tests.loop.untrained import PX, untrained_run
from vla_sim.agents.rl_ppo import PpoConfig
from vla_sim.envs.crank import CrankConfig
from vla_sim.errors import BadConfig
from vla_sim.eval.report_file import from_json, to_json
from vla_sim.loop.aligning.align_run import AlignRun
from vla_sim.loop.evaluation import FINETUNE_SEEDS_FROM, ONLINE_SEEDS_FROM, make_protocol
from vla_sim.loop.rl.finetune import finetune
from vla_sim.loop.rl.rl_judge import REPORTS
from vla_sim.loop.rl.rl_run import FinetuneRun
from vla_sim.loop.rl.rl_start import ResidualConfig
from vla_sim.loop.run_folder import RunFolder

CRANK = CrankConfig(image_size=PX)


def tuned(encoder: Path, out: Path, **changes: Any) -> RunFolder:
    run = FinetuneRun(
        out=out,
        encoder=encoder,
        n_slots=4,
        episodes=0,
        rounds_per_evaluation=2,
        online_episodes=2,
        ppo=PpoConfig(n_steps=4, batch_size=8, n_epochs=2, hidden=16),
        residual=ResidualConfig(warm_up_env_steps=0),
        crank=CRANK,
        **changes,
    )
    return finetune(run, Console(quiet=True)).folder


def stamps(folder: RunFolder) -> list[str]:
    return [from_json(row["report"]).protocol for row in folder.rows(REPORTS)]


def stamp(first_seed: int) -> str:
    reach = FinetuneRun().task_ids
    return make_protocol(
        "online", tasks=reach, first_seed=first_seed, n_episodes=2, crank=CRANK
    ).stamp


def test_no_scene_that_chose_the_encoder_judges_what_is_learnt_on_it(tmp_path: Path) -> None:
    folder = tuned(untrained_run(tmp_path / "aligned"), tmp_path / "run", max_env_steps=128)
    assert stamps(folder) == [stamp(FINETUNE_SEEDS_FROM)] * 3
    with pytest.raises(BadConfig, match="online_episodes"):
        AlignRun(online_episodes=1 + FINETUNE_SEEDS_FROM - ONLINE_SEEDS_FROM)


def test_a_run_of_an_older_version_goes_on_with_the_scenes_that_it_began_with(
    tmp_path: Path,
) -> None:
    encoder, out = untrained_run(tmp_path / "aligned"), tmp_path / "run"
    folder = tuned(encoder, out, max_env_steps=64)
    rows = list(folder.rows(REPORTS))
    for row in rows:
        report = from_json(row["report"])
        row["report"] = to_json(replace(report, protocol=stamp(ONLINE_SEEDS_FROM)))
    folder.keep_rows(REPORTS, rows)
    tuned(encoder, out, max_env_steps=128, resume=True)
    assert stamps(folder) == [stamp(ONLINE_SEEDS_FROM)] * 3
