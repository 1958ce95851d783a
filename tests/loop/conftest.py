"""What several files take apart: a small encoder, and a finetuning from it that is done."""

import shutil
from pathlib import Path

import pytest

from tests.loop.small_finetuning import QUIET, tiny
from tests.loop.untrained import untrained_run
from vla_sim.loop.policies import best_checkpoint
from vla_sim.loop.rl.finetune import finetune


@pytest.fixture(scope="session")
def aligned(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The run folder of a small model that learnt nothing; nobody writes into it."""
    return untrained_run(tmp_path_factory.mktemp("aligned") / "run")


@pytest.fixture(scope="session")
def encoder(aligned: Path) -> Path:
    """Its checkpoint; a narrower model would round by place in batch."""
    return best_checkpoint(aligned)


@pytest.fixture(scope="session")
def tuned(encoder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The run folder of a finetuning; nobody writes into it."""
    out = tmp_path_factory.mktemp("tuned") / "run"
    done = finetune(tiny(encoder, out), QUIET)
    assert done.n_env_steps == 128 and done.report is None and done.steps_to_80 is None
    return out


@pytest.fixture
def copy(tuned: Path, tmp_path: Path) -> Path:
    """The same, to be changed."""
    return Path(shutil.copytree(tuned, tmp_path / "copy"))
