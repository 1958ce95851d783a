"""Asked: one step of training as supervision sees it.

Legend: B pictures, G goals a picture, S cells, C map channels, D text features, N rows,
H by W pixels, K chunk steps, A action components.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Generator, Tensor

from vla_sim.align.batch import SegmentBatch, StepBatch, labelled
from vla_sim.align.model import AlignModel, PolicyOutput
from vla_sim.records.triple import StepTriples, StripTriples


@dataclass(frozen=True, kw_only=True)
class Asked:
    """What a step has at hand.

    Attributes:
        model: The model.
        rows: The moments as they came.
        batch: The same as tensors.
        map_BSC: Feature maps of their pictures.
        text_BGD: Features of their sentences.
        out: What the policy made of them.
        segment: Whole segments, or None.
        segment_texts: A sentence for each of them.
        text_ND: Features of those.
        map_NFSC: Feature maps of their pictures.
        strips: Stretches of consecutive pictures, or None.
        see: Pictures (N, H, W, 3) to maps (N, S, C), as the trainer runs the tower.
        read: Sentences to features (N, D), likewise.
        task_body: For each task index, the index of its body.
        generator: Draws whatever is drawn.
        n_steps: Steps that were made before.
        fraction: Share of the budget that is spent.
    """

    model: AlignModel
    rows: StepTriples
    batch: StepBatch
    map_BSC: Tensor
    text_BGD: Tensor
    out: PolicyOutput
    segment: SegmentBatch | None
    segment_texts: tuple[str, ...]
    text_ND: Tensor | None
    map_NFSC: Tensor | None
    strips: StripTriples | None
    see: Callable[[Tensor], Tensor]
    read: Callable[[list[str]], Tensor]
    task_body: tuple[int, ...]
    generator: Generator
    n_steps: int
    fraction: float

    def draws(self) -> np.random.Generator:
        """A generator of numpy's, seeded by the trainer's own."""
        return np.random.default_rng(int(torch.randint(2**31, (1,), generator=self.generator)))

    @contextmanager
    def undrawn(self) -> Iterator[None]:
        """What is drawn inside is given back: for who only watches."""
        state = self.generator.get_state()
        try:
            yield
        finally:
            self.generator.set_state(state)

    def a_goal(self, allowed_BG: NDArray[np.bool_]) -> Tensor:
        """A random goal of each picture among those that are allowed, int64 (B,).

        Where none is, the first.
        """
        lot_BG = torch.rand(allowed_BG.shape, generator=self.generator)
        return torch.where(torch.as_tensor(allowed_BG), lot_BG, -1.0).argmax(1)

    @property
    def real(self) -> NDArray[np.bool_]:
        """Which goals are goals of their scene."""
        return self.rows.weight > 0.0

    @property
    def known(self) -> NDArray[np.bool_]:
        """Which moments somebody labelled with actions."""
        return labelled(self.rows.chunk)
