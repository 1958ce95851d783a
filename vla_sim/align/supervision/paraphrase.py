"""Paraphrase: the same said otherwise asks for the same chunk, and something else for another.

Legend: B pictures, G sentences a picture, Z modes, K chunk steps, A action components, D text.
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from vla_sim.align.losses.behaviour import KNEE, SHARPNESS
from vla_sim.align.losses.consistency import consistency_loss, cosine_distance, squared_distance
from vla_sim.align.model import likeliest
from vla_sim.align.supervision.asked import Asked
from vla_sim.align.supervision.sources import Reword
from vla_sim.align.supervision.taught import Lesson, TaughtConfig
from vla_sim.errors import BadConfig

OWN, REWORDED, SWAPPED = range(3)
MEASURES = ("cosine", "squared")


@dataclass(frozen=True, kw_only=True)
class ParaphraseConfig(TaughtConfig):
    """Settings of paraphrase consistency."""

    measure: Literal["cosine", "squared"] = "squared"
    """Of two chunks: 1 - cos sees their direction alone, the mean square how far and how fast."""
    watch: bool = False
    """Report how far a chunk moves with other words even where nothing is taught."""

    @property
    def watches(self) -> bool:
        """See the field."""
        return self.watch

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.measure not in MEASURES:
            raise BadConfig(
                f"supervision.paraphrase.measure is {self.measure!r}; use "
                f"{' or '.join(map(repr, MEASURES))}"
            )


def paraphrase_lesson(config: ParaphraseConfig, asked: Asked, reword: Reword) -> Lesson:
    """Consistency of predicted chunks, and what invariance alone would hide.

    A chunk that ignores language is invariant at no cost. So how far it moves when another goal of
    the same picture is named stands beside how far it moves when its own is named otherwise.
    """
    model, batch, real_BG = asked.model, asked.batch, asked.real
    at_B, goal_B = np.arange(len(real_BG)), asked.a_goal(real_BG).numpy()
    meaning_B = asked.rows.meaning[at_B, goal_B]
    other_BG = real_BG & (asked.rows.meaning != meaning_B[:, None])
    other_B = asked.a_goal(other_BG).numpy()
    said = list(reword(meaning_B, asked.draws()))
    with torch.no_grad():
        reworded_BD = asked.read(said)
    text_BGD = torch.stack(
        (
            asked.text_BGD[at_B, goal_B],
            reworded_BD.detach(),
            asked.text_BGD[at_B, other_B].detach(),
        ),
        dim=1,
    )
    out = model.act(asked.map_BSC, text_BGD, batch.proprio_BP, batch.body_B)
    # Of the way that the paraphrase would take: modes that change places are no other chunks.
    way_B = out.logit_BGZ[:, REWORDED].argmax(-1)
    taken_BGKA = out.chunk_BGZKA[at_B, :, way_B]
    mask_BA = model.normaliser.action_mask_MA[batch.body_B]
    weight_B = torch.as_tensor(real_BG[at_B, goal_B]).to(mask_BA)
    distance_B = _apart(config.measure, taken_BGKA[:, OWN], taken_BGKA[:, REWORDED], mask_BA)
    share_BGZ = out.logit_BGZ.log_softmax(-1)
    doubt_B = functional.kl_div(
        share_BGZ[:, OWN], share_BGZ[:, REWORDED].detach(), reduction="none", log_target=True
    ).sum(-1)
    run_BGKA = likeliest(out.chunk_BGZKA, out.logit_BGZ).detach()
    watched = {"chunk_moved_by_paraphrase": _moved(run_BGKA, REWORDED, mask_BA, weight_B)}
    if other_BG.any():  # of nothing a mean would be 0, as where language is ignored
        told_B = torch.as_tensor(other_BG.any(1)).to(mask_BA)
        watched["chunk_moved_by_other_goal"] = _moved(run_BGKA, SWAPPED, mask_BA, weight_B * told_B)
    return Lesson(
        term=consistency_loss(distance_B + SHARPNESS * doubt_B, weight_B), watched=watched
    )


def _apart(measure: str, chunk_BKA: Tensor, target_BKA: Tensor, mask_BA: Tensor) -> Tensor:
    """How far chunks lie from their targets, shape (B,).

    A mean square is given in the unit of the behaviour loss, so that weights of both compare.
    """
    flat_BX = (chunk_BKA * mask_BA[:, None]).flatten(1)
    target_BX = (target_BKA * mask_BA[:, None]).flatten(1)
    if measure == "cosine":
        return cosine_distance(flat_BX, target_BX)
    of_own_B = mask_BA.shape[1] / mask_BA.sum(-1)
    return of_own_B * squared_distance(flat_BX, target_BX) / (2.0 * KNEE)


def _moved(chunk_BGKA: Tensor, which: int, mask_BA: Tensor, weight_B: Tensor) -> Tensor:
    """Mean over rows of the root mean square of a chunk's change, in normalised actions."""
    change_BKA = (chunk_BGKA[:, which] - chunk_BGKA[:, OWN]) * mask_BA[:, None]
    n_numbers_B = mask_BA.sum(-1) * change_BKA.shape[1]
    rms_B = (change_BKA.square().sum((1, 2)) / n_numbers_B).sqrt()
    return consistency_loss(rms_B, weight_B)
