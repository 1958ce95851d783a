"""What segments become before a loss is taken of them: three vectors, and where the outcome is.

Legend: N segments, F pictures a clip, S cells, C map channels, D text features, E embedding.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

from torch import Tensor

from vla_sim.align.batch import SegmentBatch
from vla_sim.align.model import AlignModel


@dataclass(frozen=True, kw_only=True)
class SegmentVectors:
    """N segments as their losses see them.

    Attributes:
        vision_NE: z_V, unit vectors.
        log_attention_NS: Logarithm of the attention on the outcome.
        text_NE: z_L, unit vectors.
        action_NE: z_A, unit vectors; of a segment without actions it means nothing. None where no
            loss asks for them.
    """

    vision_NE: Tensor
    log_attention_NS: Tensor
    text_NE: Tensor
    action_NE: Tensor | None

    @property
    def tensors(self) -> tuple[Tensor, ...]:
        """Those that are there, in order."""
        some = (self.vision_NE, self.log_attention_NS, self.text_NE, self.action_NE)
        return tuple(value for value in some if value is not None)

    @classmethod
    def of_tensors(cls, tensors: Sequence[Tensor]) -> Self:
        """From `tensors` back."""
        vision_NE, log_attention_NS, text_NE, *action = tensors
        return cls(
            vision_NE=vision_NE,
            log_attention_NS=log_attention_NS,
            text_NE=text_NE,
            action_NE=action[0] if action else None,
        )


def segment_vectors(
    model: AlignModel,
    batch: SegmentBatch,
    map_nFSC: Tensor,
    text_nD: Tensor,
    *,
    rows: slice,
    with_actions: bool,
) -> SegmentVectors:
    """The vectors of some of the segments.

    Args:
        model: The model.
        batch: N segments.
        map_nFSC: Feature maps of the pictures of the n that are meant.
        text_nD: Features of their sentences.
        rows: Which these are.
        with_actions: Whether a loss asks for z_A.
    """
    vision_NE, log_attention_NS = model.embed_clip(map_nFSC, batch.time_NF[rows])
    text_NE = model.embed_text(text_nD)
    action_NE = None
    if with_actions:
        known = (batch.knots_NKA, batch.duration_N, batch.start_NP, batch.body_N)
        action_NE = model.embed_action(*(value[rows] for value in known))
    return SegmentVectors(
        vision_NE=vision_NE,
        log_attention_NS=log_attention_NS,
        text_NE=text_NE,
        action_NE=action_NE,
    )
