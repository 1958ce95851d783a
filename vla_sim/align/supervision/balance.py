"""Balance: picture and words both move what is asked of the next step.

Legend: B pictures, G goals a picture, R goals that are goals, E embedding.
"""

from dataclasses import dataclass

import torch
from torch import Tensor

from vla_sim.align.losses.balance import balance_entropy, balance_loss, change
from vla_sim.align.supervision.asked import Asked
from vla_sim.align.supervision.taught import Lesson, TaughtConfig
from vla_sim.ranges import above, within


@dataclass(frozen=True, kw_only=True)
class BalanceConfig(TaughtConfig):
    """Settings of the balance between modalities."""

    floor: float = 0.5
    """The least entropy of their shares, in units of log 2: 0.5 lets one of them have 89 %."""
    watch: bool = False
    """Report the entropy even where nothing is taught."""

    @property
    def watches(self) -> bool:
        """See the field."""
        return self.watch

    def __post_init__(self) -> None:
        super().__post_init__()
        above(0, floor=self.floor)
        within(0, 1, floor=self.floor)


def balance_lesson(config: BalanceConfig, asked: Asked) -> Lesson:
    """How far z_S moves with the picture of another moment, and with words of another moment.

    The chapter's own sign of collapse, that a shuffled modality changes nothing, is measured by
    shuffling. Moments change places with one of their own body.
    """
    model, batch = asked.model, asked.batch
    real_R = torch.as_tensor(asked.real).flatten()
    other_B, swapped_B = _neighbours(batch.body_B)
    real_R = real_R & swapped_B.repeat_interleave(batch.weight_BG.shape[1])
    if not bool(real_R.any()):
        return Lesson(term=None)
    real_R = real_R.to(asked.map_BSC.device)

    def state(map_BSC: Tensor, text_BGD: Tensor) -> Tensor:
        out = model.act(map_BSC, text_BGD, batch.proprio_BP, batch.body_B)
        state_RE: Tensor = model.embed_state(out.moment).flatten(0, 1)[real_R]
        return state_RE

    own_RE = state(asked.map_BSC, asked.text_BGD)
    by_picture = change(own_RE, state(asked.map_BSC[other_B], asked.text_BGD))
    by_words = change(own_RE, state(asked.map_BSC, asked.text_BGD[other_B].roll(1, dims=1)))
    return Lesson(
        term=balance_loss(by_picture, by_words, floor=config.floor),
        watched={
            "modality_entropy": balance_entropy(by_picture, by_words).detach(),
            "state_moved_by_picture": by_picture.detach(),
            "state_moved_by_words": by_words.detach(),
        },
    )


def _neighbours(body_B: Tensor) -> tuple[Tensor, Tensor]:
    """For each moment the next one of its body, and whether that is another one."""
    other_B = torch.arange(len(body_B))
    for body in sorted(set(body_B.tolist())):
        rows = (body_B.cpu() == body).nonzero().squeeze(1)
        other_B[rows] = rows.roll(-1)
    return other_B.to(body_B.device), other_B != torch.arange(len(body_B))
