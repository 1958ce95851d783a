"""The three pairs of a segment: clip and sentence, sentence and actions, clip and actions.

Legend: N segments, R further sentences, K of the memory bank, M candidates, E embedding.
"""

from dataclasses import dataclass, field

import torch
from torch import Tensor

from vla_sim.align.batch import SegmentBatch
from vla_sim.align.contrast import Contrast, More, need_two
from vla_sim.align.model import AlignModel
from vla_sim.align.negatives.neighbours import neighbours
from vla_sim.align.negatives.unique import episode_id, n_unique
from vla_sim.align.share import Share, both_ways, top1
from vla_sim.align.soft_targets import alike, equal_outcome


@dataclass(frozen=True, kw_only=True)
class Vectors:
    """N segments on the sphere.

    Attributes:
        batch: The segments.
        vision_NE: z_V, unit vectors.
        text_NE: z_L.
        weight_N: How much each counts; None for all alike.
    """

    batch: SegmentBatch
    vision_NE: Tensor
    text_NE: Tensor
    weight_N: Tensor | None = None

    def __len__(self) -> int:
        return len(self.vision_NE)

    @property
    def episodes(self) -> Tensor:
        """A number for each one's episode, (N,)."""
        return episode_id(self.batch.meaning_N, self.batch.seed_N)

    @property
    def same(self) -> Tensor:
        """Where two mean the same, bool (N, N)."""
        return self.batch.meaning_N[:, None] == self.batch.meaning_N[None, :]


@dataclass(frozen=True, kw_only=True)
class ActedVectors(Vectors):
    """The same of segments whose actions were recorded: `action_NE` is z_A."""

    action_NE: Tensor


@dataclass(kw_only=True)
class Pairs:
    """Takes the pairs of one update's segments, and keeps what was seen on the way."""

    model: AlignModel
    contrast: Contrast
    n_steps: int
    """Updates that were made before this one."""
    share: Share = field(default_factory=Share)
    """Which rows plain InfoNCE is taken of here; any other form is taken of all of them."""
    watched: dict[str, Tensor] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._held = self.contrast.held(self.n_steps)
        self._mines = self.contrast.mines(self.n_steps)
        plain = not self.contrast.config.beyond_plain(self.model.config.siglip)
        self._in_parts = plain and not self.share.is_all

    def vision_text(self, v: Vectors, more_text_RE: Tensor, more_meaning_R: Tensor) -> Tensor:
        """Clips and sentences [nat]; further sentences are candidates for the clips."""
        self._count("vl", v.batch.meaning_N, more_meaning_R)
        if self._in_parts:
            text_XE = torch.cat((v.text_NE, more_text_RE))
            ids = v.batch.meaning_N, torch.cat((v.batch.meaning_N, more_meaning_R))
            self.watched["vl_top1_in_batch"] = top1(v.vision_NE, text_XE, *ids, self.share)
            return self._part_of("vl", v.vision_NE, text_XE, *ids)
        same_NR = v.batch.meaning_N[:, None] == more_meaning_R[None, :]
        near_NR = self._near(v.batch.meaning_N, more_meaning_R)
        further = More(vector_ME=more_text_RE, positive_NM=same_NR, near_NM=near_NR)
        loss, logits_NM = self._taken("vl", v, v.vision_NE, v.text_NE, v.same, further)
        true_NM = torch.cat((v.same, same_NR), dim=1)
        best_N1 = logits_NM[:, : true_NM.shape[1]].argmax(1, keepdim=True)
        self.watched["vl_top1_in_batch"] = true_NM.gather(1, best_N1).float().mean()
        return loss

    def text_action(self, v: ActedVectors) -> Tensor:
        """Sentences and actions [nat]: whatever means the same is positive."""
        self._count("la", v.batch.meaning_N)
        if self._in_parts:
            meaning_N = v.batch.meaning_N
            return self._part_of("la", v.text_NE, v.action_NE, meaning_N, meaning_N)
        target_NN = v.same
        if self.contrast.config.targets.la == "dtw":
            target_NN = torch.maximum(target_NN.to(v.text_NE.dtype), self._alike(v))
        loss, _ = self._taken("la", v, v.text_NE, v.action_NE, target_NN)
        return loss

    def vision_action(self, v: ActedVectors) -> Tensor:
        """Clips and actions [nat].

        Equal words in another scene are another motion: only a clip's own actions are positive, and
        those that soft targets add.
        """
        self._count("va", v.episodes)
        if self._in_parts:
            own_N = torch.arange(len(v), device=v.batch.meaning_N.device)
            return self._part_of("va", v.vision_NE, v.action_NE, own_N, own_N)
        batch, targets = v.batch, self.contrast.config.targets
        target_NN = torch.eye(len(v), dtype=torch.bool, device=v.batch.meaning_N.device)
        if targets.va == "dtw":
            target_NN = torch.maximum(target_NN.to(v.vision_NE.dtype), self._alike(v))
        elif targets.va == "outcome":
            target_NN = target_NN | equal_outcome(
                targets,
                same_NN=v.same,
                body_N=batch.body_N,
                start_NP=self.model.normaliser.proprio(batch.start_NP, batch.body_N),
                end_N2=batch.cell_N2,
                visible_N=batch.visible_N,
            )
        loss, _ = self._taken("va", v, v.vision_NE, v.action_NE, target_NN)
        return loss

    def _part_of(
        self, name: str, first_NE: Tensor, second_ME: Tensor, first_id_N: Tensor, id_M: Tensor
    ) -> Tensor:
        """The loss of a pair whose equal numbers belong together, as `Share.mean` gives it."""
        need_two(name, first_NE)
        scale = self.model.log_inverse_temperature[name].exp()
        return both_ways(first_NE, second_ME, scale, first_id_N, id_M, self.share)

    def _taken(
        self,
        name: str,
        v: Vectors,
        first_NE: Tensor,
        second_NE: Tensor,
        target_NN: Tensor,
        *further: More,
    ) -> tuple[Tensor, Tensor]:
        """The loss of a pair with what the bank adds, and the first side's logits."""
        to_first, to_second = self._banked(name, v)
        loss, logits_NM, seen = self.contrast.pair(
            self.model,
            name,
            first_NE,
            second_NE,
            target_NN,
            to_first=to_first,
            to_second=[*further, *to_second],
            near_NN=self._near(v.batch.meaning_N, v.batch.meaning_N),
            weight_N=v.weight_N,
        )
        self.watched |= seen
        return loss, logits_NM

    def _banked(self, name: str, v: Vectors) -> tuple[list[More], list[More]]:
        """What the bank adds to the candidates of either side."""
        held = self._held
        if held is None:
            return [], []
        if name == "va":
            apart_NK = v.episodes[:, None] != held.episode_K[None, :]
        else:
            apart_NK = v.batch.meaning_N[:, None] != held.meaning_K[None, :]
        near_NK = self._near(v.batch.meaning_N, held.meaning_K)
        sides = {"v": held.vision_KE, "l": held.text_KE, "a": held.action_KE}
        first, second = (
            More(
                vector_ME=sides[side],
                there_NM=apart_NK & held.acted_K if side == "a" else apart_NK,
                near_NM=near_NK,
            )
            for side in name
        )
        return [first], [second]

    def _near(self, meaning_N: Tensor, meaning_M: Tensor) -> Tensor | None:
        """Whose meanings are neighbours; None while there is no mining."""
        if not self._mines:
            return None
        return neighbours(meaning_N, meaning_M, reach=self.contrast.config.semi_hard.reach)

    def _alike(self, v: ActedVectors) -> Tensor:
        """How much the actions are alike, in [0, 1]."""
        batch = v.batch
        mask_NA = self.model.normaliser.action_mask_MA[batch.body_N]
        return alike(
            self.contrast.config.targets,
            batch.knots_NKA * mask_NA.unsqueeze(1),
            mask_NA.sum(-1),
            batch.body_N,
            batch.duration_N,
        )

    def _count(self, name: str, *ids: Tensor) -> None:
        """Keep how many different negatives a query has, its own thing taken off."""
        held = self._held
        if held is not None:
            ids = (*ids, held.episode_K if name == "va" else held.meaning_K)
        n = n_unique(torch.cat(ids)) - 1
        self.watched[f"unique_negatives_{name}"] = n.to(torch.float32)
