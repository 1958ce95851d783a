"""Masking: what is hidden in part is still the same clip, and the same sentence.

Legend: N segments, F pictures a clip, H by W pixels, E embedding.
"""

from dataclasses import dataclass

import torch
from torch import Tensor

from vla_sim.align.encoders.tokenizer import thinned
from vla_sim.align.losses.consistency import consistency_loss, cosine_distance
from vla_sim.align.supervision.asked import Asked
from vla_sim.align.supervision.taught import Lesson, TaughtConfig
from vla_sim.ranges import whole, within

PATCHES = 8
"""Patches along a side of a picture: large enough to hide what a sentence asks for."""
GREY = 128
"""What lies over a hidden patch."""


@dataclass(frozen=True, kw_only=True)
class MaskingConfig(TaughtConfig):
    """Settings of masking; it is taken on steps that learn from segments."""

    every: int = 1
    """As in every kind; counted over steps, of which few have segments."""
    patches: float = 0.25
    """Share of the patches of each picture that are hidden."""
    words: float = 0.25
    """Share of the words that are left out."""
    n_segments: int = 16
    """Most segments a step: each costs its pictures once more."""

    def __post_init__(self) -> None:
        super().__post_init__()
        within(0, 0.9, patches=self.patches, words=self.words)
        whole(1, n_segments=self.n_segments)


def masking_lesson(config: MaskingConfig, asked: Asked) -> Lesson:
    """Vectors of hidden views against those of whole ones, which are held."""
    if asked.segment is None:
        return Lesson(term=None)
    assert asked.map_NFSC is not None and asked.text_ND is not None
    n, model, batch = config.n_segments, asked.model, asked.segment
    clip_NFHWC, time_NF = batch.clip_NFHWC[:n], batch.time_NF[:n]
    with torch.no_grad():
        whole_NE, _ = model.embed_clip(asked.map_NFSC[:n], time_NF)
        said_NE = model.embed_text(asked.text_ND[:n])
    hidden_NFHWC = hidden(clip_NFHWC, config.patches, asked.generator)
    map_XSC = asked.see(hidden_NFHWC.flatten(0, 1))
    seen_NE, _ = model.embed_clip(map_XSC.view(*clip_NFHWC.shape[:2], *map_XSC.shape[1:]), time_NF)
    rng = asked.draws()
    heard_NE = model.embed_text(
        asked.read(
            [thinned(t, lambda: rng.random() < config.words) for t in asked.segment_texts[:n]]
        )
    )
    seen_N, heard_N = cosine_distance(seen_NE, whole_NE), cosine_distance(heard_NE, said_NE)
    every_N = torch.ones_like(seen_N)
    return Lesson(
        term=0.5 * (consistency_loss(seen_N, every_N) + consistency_loss(heard_N, every_N)),
        watched={
            "hidden_patches_moved": seen_N.detach().mean(),
            "hidden_words_moved": heard_N.detach().mean(),
        },
    )


def hidden(picture_NFHWC: Tensor, share: float, generator: torch.Generator) -> Tensor:
    """Pictures with a share of their patches painted over, each picture's own."""
    n, f, height, width, _ = picture_NFHWC.shape
    lot_NFPP = torch.rand((n, f, PATCHES, PATCHES), generator=generator)
    # The patches with the lowest lots: in every picture equally many are hidden.
    n_hidden = round(share * PATCHES**2)
    rank_NFX = lot_NFPP.flatten(2).argsort(-1).argsort(-1)
    over_NFPP = (rank_NFX < n_hidden).view_as(lot_NFPP).to(picture_NFHWC.device)
    rows = torch.arange(height, device=picture_NFHWC.device) * PATCHES // height
    columns = torch.arange(width, device=picture_NFHWC.device) * PATCHES // width
    over_NFHW = over_NFPP[:, :, rows][..., columns]
    return picture_NFHWC.masked_fill(over_NFHW.unsqueeze(-1), GREY)
