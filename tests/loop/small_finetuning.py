"""A finetuning of seconds, of a model that learnt nothing."""

from dataclasses import replace
from pathlib import Path

from rich.console import Console

from vla_sim.agents.rl_ppo import PpoConfig
from vla_sim.envs.crank import CrankConfig
from vla_sim.loop.rl.rl_run import FinetuneRun
from vla_sim.loop.rl.rl_start import ResidualConfig

QUIET = Console(quiet=True)
SMALL = CrankConfig(image_size=16)


def tiny(encoder: Path, out: Path, **changes: object) -> FinetuneRun:
    """Four rounds of 4 slots, 4 actions and 2 control steps."""
    run = FinetuneRun(
        out=out,
        encoder=encoder,
        n_slots=4,
        max_env_steps=128,
        episodes=0,
        rounds_per_evaluation=0,
        ppo=PpoConfig(n_steps=4, batch_size=8, n_epochs=2, hidden=16),
        residual=ResidualConfig(warm_up_env_steps=32),
        crank=SMALL,
    )
    return replace(run, **changes)  # type: ignore[arg-type]  # names are checked by replace
