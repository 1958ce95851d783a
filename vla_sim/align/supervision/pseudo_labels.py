"""Pseudo-labels: where nobody said what to do, a model that is sure teaches its other views.

Legend: U moments without actions, G goals a picture, Z modes, K chunk steps, A action components,
S cells.
"""

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from vla_sim.align.losses.behaviour import behaviour_loss
from vla_sim.align.model import PolicyOutput
from vla_sim.align.supervision.asked import Asked
from vla_sim.align.supervision.sources import Reword
from vla_sim.align.supervision.taught import Lesson, TaughtConfig
from vla_sim.errors import BadConfig
from vla_sim.ranges import whole, within


@dataclass(frozen=True, kw_only=True)
class PseudoLabelConfig(TaughtConfig):
    """Settings of pseudo-labels, see `memory.label_share` for where rows without actions are."""

    mode_probability: float = 0.8
    """Gate: the likeliest way has to be at least so likely."""
    similarity: float | None = 0.5
    """Gate: the cosine between what is asked and the chunk, which the verifier ranks by, has to be
    at least so large; None for no such gate."""
    since: float = 0.2
    """Share of the budget from which on a model may teach itself: before, it knows nothing."""
    full: float = 0.5
    """Share of the budget from which on pseudo-labels weigh all they ever do."""
    cells: float = 0.2
    """Share of the cells that the view that learns does not get."""
    n_moments: int = 16
    """Most moments a step."""

    def __post_init__(self) -> None:
        super().__post_init__()
        within(0, 1, mode_probability=self.mode_probability, since=self.since, full=self.full)
        within(-1, 1, similarity=self.similarity)
        within(0, 0.9, cells=self.cells)
        whole(1, n_moments=self.n_moments)
        if self.since >= self.full:
            raise BadConfig(
                f"supervision.pseudo_labels.since is {self.since} and full is {self.full}: the "
                "weight rises from the one to the other, so that full has to lie later"
            )

    def ramp(self, fraction: float) -> float:
        """Share of the weight after a fraction of the budget."""
        return min(max((fraction - self.since) / (self.full - self.since), 0.0), 1.0)


def pseudo_label_lesson(config: PseudoLabelConfig, asked: Asked, reword: Reword) -> Lesson:
    """Behaviour on moments that nobody labelled: the chunk of the plain view is the target.

    The view that learns has other words of the same meaning and misses some cells. The target is
    held still: two views that both give way would agree on nothing in particular.
    """
    picked_U = np.flatnonzero(~asked.known & asked.real.any(1))[: config.n_moments]
    if not len(picked_U):
        return Lesson(term=None)
    model, rows = asked.model, torch.as_tensor(picked_U, device=asked.map_BSC.device)
    proprio_UP, body_U = asked.batch.proprio_BP[rows], asked.batch.body_B[rows]
    map_USC, text_UGD = asked.map_BSC[rows], asked.text_BGD[rows]
    with torch.no_grad():
        plain = model.act(map_USC, text_UGD, proprio_UP, body_U)
        sure_UG, likeness_UG = trusted(config, asked, plain, body_U)
    real_UG = torch.as_tensor(asked.real[picked_U]).to(sure_UG.device)
    gate_UG = (sure_UG & real_UG).float()
    share = gate_UG.sum() / real_UG.sum()
    watched = {
        "pseudo_labels_passed": share,
        "pseudo_labels_similarity": (likeness_UG * real_UG).sum() / real_UG.sum(),
    }
    if not bool(gate_UG.any()):
        return Lesson(term=None, watched=watched)
    said = list(reword(asked.rows.meaning[picked_U], asked.draws()))
    reworded_UGD = asked.read(said).view_as(text_UGD)
    lot_US1 = torch.rand((*map_USC.shape[:2], 1), generator=asked.generator).to(map_USC.device)
    other = model.act(map_USC * (lot_US1 >= config.cells), reworded_UGD, proprio_UP, body_U)
    n_goals = text_UGD.shape[1]
    return Lesson(
        term=behaviour_loss(
            other.chunk_BGZKA.flatten(0, 1),
            other.logit_BGZ.flatten(0, 1).log_softmax(-1),
            plain.chunk_BGKA.clamp(-1.0, 1.0).flatten(0, 1),
            gate_UG.flatten(),
            model.normaliser.worth(proprio_UP, body_U).repeat_interleave(n_goals, dim=0),
        ),
        watched=watched,
    )


def trusted(
    config: PseudoLabelConfig, asked: Asked, out: PolicyOutput, body_U: Tensor
) -> tuple[Tensor, Tensor]:
    """Which of a policy's chunks pass the gate, bool (U, G), and how near they lie, (U, G)."""
    n_goals = out.chunk_BGKA.shape[1]
    action_RE = asked.model.embed_chunk(
        out.chunk_BGKA.clamp(-1.0, 1.0).flatten(0, 1), body_U.repeat_interleave(n_goals)
    )
    state_UGE = asked.model.embed_state(out.moment)
    likeness_UG = (state_UGE * action_RE.view_as(state_UGE)).sum(-1)
    sure_UG = out.logit_BGZ.softmax(-1).amax(-1) >= config.mode_probability
    if config.similarity is not None:
        sure_UG = sure_UG & (likeness_UG >= config.similarity)
    return sure_UG, likeness_UG
