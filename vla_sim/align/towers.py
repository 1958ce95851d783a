"""Towers at work: what a trainer's batch becomes before losses are taken, on its own rows.

Legend: B pictures, G goals a picture, N segments, F pictures a clip, S cells, C channels, D text;
a small letter is of this process's own rows alone.
"""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass

import torch
from torch import Generator, Tensor

from vla_sim.align.aims import Aims
from vla_sim.align.batch import SegmentBatch, StepBatch
from vla_sim.align.crew import Crew, whole_of
from vla_sim.align.easing import eased
from vla_sim.align.gradient_cache import GradientCache
from vla_sim.align.model import AlignModel, PolicyOutput
from vla_sim.align.segment_vectors import SegmentVectors, segment_vectors
from vla_sim.align.sentences import Sentences


@dataclass(frozen=True, kw_only=True)
class Towers:
    """The towers of a model on one batch.

    Attributes:
        model: The model.
        crew: The processes that share the batch.
        sees: Whether the picture tower learns.
        into_towers: Share of the gradient of segments that reaches the towers.
        precision: Makes a context in which towers run.
        said: All sentences: of the moments' goals, then of the segments.
    """

    model: AlignModel
    crew: Crew
    sees: bool
    into_towers: float
    precision: Callable[[], AbstractContextManager[object]]
    said: Sentences

    def encoded(
        self,
        batch: StepBatch,
        segment: SegmentBatch | None,
        *,
        portion: int | None,
        with_actions: bool,
        generator: Generator,
    ) -> tuple[tuple[Tensor, ...], GradientCache | None]:
        """What the heads share, see `both`, and the segments where they go in portions.

        Args:
            batch: The moments.
            segment: The segments; None to leave them out.
            portion: Segments at once; None for all, and for no cache.
            with_actions: Whether a loss asks for z_A.
            generator: What towers draw from.
        """
        if segment is None or portion is None:
            return self.both(batch, segment), None
        cache = self.in_portions(
            batch, segment, portion=portion, with_actions=with_actions, generator=generator
        )
        return self.both(batch, None), cache

    def both(self, batch: StepBatch, segment: SegmentBatch | None) -> tuple[Tensor, ...]:
        """What the heads share: maps and sentence features, of steps and then of segments.

        Args:
            batch: The moments.
            segment: The segments; None to leave them out.
        """
        n_pictures, n_goals = batch.weight_BG.shape
        own = self.crew.own(n_pictures)
        map_bSC = self.see(batch.image_BHWC)
        places = list(range(own.start * n_goals, own.stop * n_goals))
        n_said = len(places)
        if segment is not None:
            rows = self.crew.own(len(segment.meaning_N))
            n_before = n_pictures * n_goals
            places += range(n_before + rows.start, n_before + rows.stop)
        with self.precision():
            text_xD = self.said.features(places).float()
        text_bGD = text_xD[:n_said].view(-1, n_goals, text_xD.shape[-1])
        if segment is None:
            return map_bSC, text_bGD
        return map_bSC, text_bGD, self._clips(segment.clip_NFHWC), text_xD[n_said:]

    def in_portions(
        self,
        batch: StepBatch,
        segment: SegmentBatch,
        *,
        portion: int,
        with_actions: bool,
        generator: Generator,
    ) -> GradientCache:
        """The vectors of segments, `portion` of them encoded at once.

        Args:
            batch: The moments, whose sentences come first.
            segment: The segments.
            portion: So many at once.
            with_actions: Whether a loss asks for z_A.
            generator: What towers draw from.
        """
        own, n_before = self.crew.own(len(segment.meaning_N)), batch.weight_BG.numel()

        def encode(part: slice) -> tuple[Tensor, ...]:
            rows = slice(own.start + part.start, own.start + part.stop)
            places = range(n_before + rows.start, n_before + rows.stop)
            with self.precision():
                text_nD = self.said.features(places).float()
            map_nFSC = self._clips(segment.clip_NFHWC[part])
            return self._vectors(segment, map_nFSC, text_nD, rows=rows, with_actions=with_actions)

        return GradientCache(
            encode,
            own.stop - own.start,
            portion=portion,
            generators=(generator,),
            device=segment.meaning_N.device,
        )

    def act(
        self, batch: StepBatch, map_bSC: Tensor, text_bGD: Tensor, *, truth: Aims, told_BG: Tensor
    ) -> PolicyOutput:
        """What the policy makes of the moments: from own rows, of all of them.

        Args:
            batch: B moments.
            map_bSC: Feature maps of the pictures of own rows.
            text_bGD: Features of their sentences.
            truth: The true aims (B, G, ...).
            told_BG: bool, which goals are told them.
        """
        own = self.crew.own(len(told_BG))
        out = self.model.act(
            map_bSC,
            text_bGD,
            batch.proprio_BP[own],
            batch.body_B[own],
            truth=truth.rows(own),
            told_BG=told_BG[own],
        )
        return whole_of(self.crew, out)

    def vectors(
        self,
        segment: SegmentBatch,
        shared: Sequence[Tensor],
        cache: GradientCache | None,
        *,
        with_actions: bool,
    ) -> SegmentVectors:
        """The vectors of all segments: from the cache, or from the maps and words of own rows.

        Args:
            segment: N segments.
            shared: What `both` gives, the last two of segments where there is no cache.
            cache: Segments that were encoded in portions; None where all were at once.
            with_actions: Whether a loss asks for z_A.
        """
        if cache is not None:
            own = cache.vectors
        else:
            rows = self.crew.own(len(segment.meaning_N))
            own = self._vectors(segment, shared[2], shared[3], rows=rows, with_actions=with_actions)
        return SegmentVectors.of_tensors(self.crew.whole(own))

    def _vectors(
        self,
        segment: SegmentBatch,
        map_nFSC: Tensor,
        text_nD: Tensor,
        *,
        rows: slice,
        with_actions: bool,
    ) -> tuple[Tensor, ...]:
        return segment_vectors(
            self.model,
            segment,
            eased(map_nFSC, self.into_towers),
            eased(text_nD, self.into_towers),
            rows=rows,
            with_actions=with_actions,
        ).tensors

    def read(self, texts: Sequence[str]) -> Tensor:
        """Features of sentences (N, D)."""
        with self.precision():
            return self.model.encode_texts(texts).float()

    def see(self, image_NHWC: Tensor) -> Tensor:
        """Feature maps of pictures (N, S, C)."""
        learns = self.sees and torch.is_grad_enabled()
        with torch.set_grad_enabled(learns), self.precision():
            map_NSC: Tensor = self.model.vision(image_NHWC)
        return map_NSC

    def _clips(self, clip_NFHWC: Tensor) -> Tensor:
        map_XSC = self.see(clip_NFHWC.flatten(0, 1))
        return map_XSC.view(*clip_NFHWC.shape[:2], *map_XSC.shape[1:])
