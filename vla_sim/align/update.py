"""Update: one batch on its way from encoded towers to the terms that teach.

Legend: B pictures, G goals a picture, N segments, F pictures a clip, S cells, C map channels,
D text features; X stands for whatever each tensor has.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from torch import Tensor

from vla_sim.align.batch import SegmentBatch, StepBatch
from vla_sim.align.gradient_cache import GradientCache
from vla_sim.align.model import PolicyOutput
from vla_sim.align.objective import policy_terms
from vla_sim.align.own_losses import own_terms
from vla_sim.align.priors import PRIORS, prior_terms
from vla_sim.align.segments import asks_for_actions, segment_terms
from vla_sim.align.share import Share
from vla_sim.align.supervision.asked import Asked
from vla_sim.align.towers import Towers
from vla_sim.records.triple import StepTriples, StripTriples

if TYPE_CHECKING:
    from vla_sim.align.trainer import AlignTrainer


@dataclass(frozen=True, kw_only=True)
class Update:
    """What one update of a trainer has at hand once the towers have run.

    Attributes:
        trainer: Whose update it is.
        towers: The towers on this batch.
        batch: The moments.
        segment: The segments; None where they are left out.
        shared: What the heads share, see `Towers.both`: where gradients stop, if they do.
        cache: Segments that were encoded in portions; None where all were at once.
        wanted: {term: weight}.
    """

    trainer: "AlignTrainer"
    towers: Towers
    batch: StepBatch
    segment: SegmentBatch | None
    shared: tuple[Tensor, ...]
    cache: GradientCache | None
    wanted: Mapping[str, float]

    def terms(self) -> tuple[dict[str, Tensor], dict[str, Tensor], PolicyOutput]:
        """The losses of moments and segments, what is only watched, and what the policy says."""
        trainer, model, batch, wanted = self.trainer, self.trainer.model, self.batch, self.wanted
        truth, told_BG = trainer.forcing.told(batch, fraction=trainer.fraction)
        out = self.towers.act(batch, *self.shared[:2], truth=truth, told_BG=told_BG)
        trainer.forcing.see(batch, out)
        terms, watched = policy_terms(
            model, batch, out, wanted, contrast=trainer.contrast, n_steps=trainer.n_steps
        )
        terms |= own_terms(trainer.own_losses, model, batch, out)
        if any(name in wanted for name in PRIORS):
            priors, watched["rows_beyond"] = prior_terms(model, batch, out.chunk_BGKA, wanted)
            terms |= priors
        if self.segment is not None:
            more, seen = self._of_segments(self.segment, out)
            terms |= more
            watched |= seen
        return terms, watched, out

    def _of_segments(
        self, segment: SegmentBatch, out: PolicyOutput
    ) -> tuple[dict[str, Tensor], dict[str, Tensor]]:
        trainer = self.trainer
        return segment_terms(
            trainer.model,
            segment,
            self.towers.vectors(
                segment, self.shared, self.cache, with_actions=asks_for_actions(self.wanted)
            ),
            self.wanted,
            more_text_RD=out.moment.text_BGD.flatten(0, 1),
            more_meaning_R=self.batch.meaning_BG.flatten(),
            contrast=trainer.contrast,
            n_steps=trainer.n_steps,
            share=Share(crew=trainer.crew, at_once=trainer.config.segment_portion),
        )

    def asked(
        self,
        rows: StepTriples,
        segment_texts: Sequence[str],
        out: PolicyOutput,
        strips: StripTriples | None,
    ) -> Asked:
        """The same as supervision sees it.

        Args:
            rows: The moments as they came.
            segment_texts: A sentence for each segment.
            out: What the policy says of the moments.
            strips: Stretches of pictures; None where there are none.
        """
        trainer, shared = self.trainer, self.shared
        has_segments = len(shared) > 2
        return Asked(
            model=trainer.model,
            rows=rows,
            batch=self.batch,
            map_BSC=shared[0],
            text_BGD=shared[1],
            out=out,
            segment=self.segment,
            segment_texts=tuple(segment_texts),
            map_NFSC=shared[2] if has_segments else None,
            text_ND=shared[3] if has_segments else None,
            strips=strips,
            see=self.towers.see,
            read=self.towers.read,
            task_body=trainer.task_body,
            generator=trainer.generator,
            n_steps=trainer.n_steps,
            fraction=trainer.fraction,
        )
