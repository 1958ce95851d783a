"""An update runs on whichever device the model is: nothing in it is made on another."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from tests.align import squares, tiny_models
from tests.align.elsewhere import HERE, Elsewhere
from tests.align.square_trainer import ALL, trainer
from vla_sim.align.batch import moved
from vla_sim.align.encoders.hugging_face_text import HuggingFaceTextConfig
from vla_sim.align.encoders.hugging_face_vision import HuggingFaceVisionConfig
from vla_sim.align.fusion.table import FUSIONS
from vla_sim.align.model import ModelConfig
from vla_sim.align.objective import Weights
from vla_sim.align.optimiser import Optimiser
from vla_sim.align.reconciling.table import RECONCILERS
from vla_sim.align.trainer_config import TrainerConfig

EVERY_TERM = replace(Weights(), contrast_step=0.5, triple=0.5, cyclip_cross=0.5, cyclip_inner=0.5)
READS = ["tolist", "__float__"]
"""An update reads its losses and the length of its gradient."""


@pytest.fixture(autouse=True)
def torch_knows_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    """What torch does between gradients and weights is left to torch."""
    for name in ("clip", "step"):
        monkeypatch.setattr(Optimiser, name, _unwatched(getattr(Optimiser, name)))


def _unwatched(method: Callable[..., Any]) -> Callable[..., Any]:
    def call(*args: Any) -> Any:
        with torch._C.DisableTorchFunction():
            return method(*args)

    return call


def reads_of(config: TrainerConfig) -> list[str]:
    """Values that an update with segments and rehearsal reads off the device."""
    learner = trainer(replace(config, device=str(HERE), weights=EVERY_TERM))
    assert learner.device == HERE
    rng = np.random.default_rng(0)
    rows, segments, more = squares.steps(rng, 2), squares.segments(rng, 4), squares.steps(rng, 3)
    elsewhere = Elsewhere()
    with elsewhere:
        report = learner.step(
            rows,
            squares.say_all(rng, rows),
            segments,
            squares.say(rng, segments.meaning),
            more,
            squares.say_all(rng, more),
        )
    assert set(report.terms) == {*vars(EVERY_TERM), *learner.model.fusion.weights}
    return elsewhere.reads


@pytest.mark.parametrize("fusion", FUSIONS)
def test_nothing_of_an_update_is_made_elsewhere_and_little_is_read(fusion: str) -> None:
    reads = reads_of(replace(ALL, model=ModelConfig(fusion=FUSIONS[fusion])))
    assert [read for read in reads if read != "__bool__"] == READS
    assert len(reads) - len(READS) <= 2, "transformers asks of each mask whether it hides anything"


@pytest.mark.parametrize("reconciling", ["conflict-free", "gradnorm"])
def test_nor_of_an_update_that_is_reconciled(reconciling: str) -> None:
    reads_of(replace(ALL, reconciling=RECONCILERS[reconciling]))


def test_nor_of_an_update_through_foreign_towers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    model = ModelConfig(
        vision=HuggingFaceVisionConfig(name=str(tiny_models.vit(tmp_path / "vit")), train="lora"),
        text=HuggingFaceTextConfig(
            name=str(tiny_models.bert(tmp_path / "bert", corpus=squares.CORPUS)), train="unfrozen"
        ),
    )
    reads_of(replace(ALL, model=model))


def test_a_tensor_that_is_made_on_the_host_is_found() -> None:
    weights = torch.ones(3)
    with Elsewhere() as elsewhere:
        assert (weights * torch.ones(3, device=HERE)).device == HERE
        with pytest.raises(AssertionError, match="of the host"):
            weights * torch.ones(3)
        with pytest.raises(AssertionError, match="copies a tensor"):
            weights.cpu()
        assert float((weights + torch.as_tensor(np.ones(3)).to(HERE)).sum()) == 6.0
        assert weights.sum() > 0
    assert elsewhere.reads == ["__float__", "__bool__"]


def test_on_the_way_to_a_gpu_a_batch_lies_in_pinned_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    done: list[object] = []

    def pinned(self: torch.Tensor) -> torch.Tensor:
        done.append("pinned")
        return self

    def sent(self: torch.Tensor, device: torch.device, non_blocking: bool = False) -> torch.Tensor:
        done.append((str(device), non_blocking))
        return self

    monkeypatch.setattr(torch.Tensor, "pin_memory", pinned)
    monkeypatch.setattr(torch.Tensor, "to", sent)
    moved(np.zeros(2, dtype=np.float32), torch.device("cuda:1"))
    assert done == ["pinned", ("cuda:1", True)]


def test_towers_may_run_under_bfloat16(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    vision = HuggingFaceVisionConfig(name=str(tiny_models.vit(tmp_path / "vit")))
    losses = []
    for bf16 in (False, True):
        learner = trainer(replace(ALL, model=ModelConfig(vision=vision), bf16=bf16))
        rng = np.random.default_rng(0)
        rows = squares.steps(rng, 2)
        losses.append(learner.step(rows, squares.say_all(rng, rows)).total)
        assert all(p.dtype == torch.float32 for p in learner.model.parameters())
    assert losses[0] != losses[1] == pytest.approx(losses[0], rel=0.05)
