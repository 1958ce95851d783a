"""Contrast: how a pair of modalities is told what belongs together.

Legend: N rows, Q queries, M candidates (rows of the other side and further ones), E embedding.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from vla_sim.align.contrast_config import ContrastConfig
from vla_sim.align.losses.contrastive import contrastive_loss, counted, soft_contrastive_loss
from vla_sim.align.losses.siglip import first_bias, siglip_loss
from vla_sim.align.model import AlignModel
from vla_sim.align.negatives.bank import MemoryBank, Remembered
from vla_sim.align.negatives.semi_hard import semi_hard
from vla_sim.errors import BadConfig


@dataclass(frozen=True, kw_only=True)
class More:
    """Further candidates beside the rows of the other side.

    Attributes:
        vector_ME: Unit vectors.
        positive_NM: Where they belong to a row, bool; None for nowhere.
        there_NM: Where they count for a row at all, bool; None for everywhere.
        near_NM: Where they may be mined, bool; None for nowhere.
    """

    vector_ME: Tensor
    positive_NM: Tensor | None = None
    there_NM: Tensor | None = None
    near_NM: Tensor | None = None


def need_two(name: str, first_NE: Tensor) -> None:
    """See that a pair has two rows.

    Raises:
        BadConfig: If there is one or none: nothing to tell apart.
    """
    if len(first_NE) < 2:
        raise BadConfig(
            f"the pair {name!r} has {len(first_NE)} rows in this batch: nothing to tell apart; "
            "give two or more"
        )


class Contrast:
    """Owns what the contrastive terms remember from one update to the next."""

    def __init__(self, config: ContrastConfig | None = None) -> None:
        """A contrast that has seen no batch; without settings it is plain InfoNCE."""
        self.config = config or ContrastConfig()
        self.bank = MemoryBank(self.config.bank)
        self.begun: set[str] = set()
        """Pairs whose bias was set from their first batch."""
        self._first: dict[str, tuple[Tensor, Tensor]] = {}
        self._newest: tuple[int, Remembered] | None = None

    def warm(self, n_steps: int) -> bool:
        """Whether bank, mining and vote are used after so many updates."""
        return n_steps >= self.config.warm_up

    def mines(self, n_steps: int) -> bool:
        """Whether semi-hard negatives count more by now."""
        return self.config.semi_hard.margin > 0.0 and self.warm(n_steps)

    def votes(self, n_steps: int) -> bool:
        """Whether rows are weighed by the mutual vote by now."""
        return self.config.vote.floor < 1.0 and self.warm(n_steps)

    def held(self, n_steps: int) -> Remembered | None:
        """What the bank has to offer; None where it is off, empty, or not yet used."""
        if not self.config.bank.batches or not self.warm(n_steps):
            return None
        return self.bank.held(n_steps=n_steps)

    def remember(self, batch: Remembered, *, n_steps: int) -> None:
        """Have the bank take in a batch once its update is made, see `settle`."""
        self._newest = (n_steps, batch)

    def settle(self) -> None:
        """Keep what an update brought, once it is made."""
        if self._newest is not None:
            n_steps, batch = self._newest
            self.bank.push(batch, n_steps=n_steps)
        self._first, self._newest = {}, None

    @torch.no_grad()
    def give_up(self) -> None:
        """Forget what an update brought that is not made."""
        for name, (bias, before) in self._first.items():
            bias.copy_(before)
            self.begun.discard(name)
        self._first, self._newest = {}, None

    def pair(
        self,
        model: AlignModel,
        name: str,
        first_NE: Tensor,
        second_NE: Tensor,
        target_NN: Tensor,
        *,
        to_first: Sequence[More] = (),
        to_second: Sequence[More] = (),
        near_NN: Tensor | None = None,
        weight_N: Tensor | None = None,
    ) -> tuple[Tensor, Tensor, dict[str, Tensor]]:
        """The loss of a pair, from both sides.

        Args:
            model: Holds the pair's temperature, and its bias where SigLIP takes it.
            name: The pair.
            first_NE: Unit vectors of one side.
            second_NE: Unit vectors of the other, row by row.
            target_NN: What belongs together: bool, or in [0, 1] for soft targets; symmetric.
            to_first: Further candidates for the second side's queries.
            to_second: Further candidates for the first side's queries.
            near_NN: bool, symmetric: which negatives may be mined; None for no mining.
            weight_N: How much each row counts; None for all alike.

        Returns:
            The loss [nat], the first side's logits over all its candidates, and what is watched.

        Raises:
            BadConfig: If there is one row or none: nothing to tell apart.
        """
        need_two(name, first_NE)
        scale = model.log_inverse_temperature[name].exp()
        candidate_ME = torch.cat((second_NE, *(more.vector_ME for more in to_second)))
        logits_NM = scale * first_NE @ candidate_ME.T
        back_NN = logits_NM[:, : len(second_NE)].T
        back = [scale * second_NE @ more.vector_ME.T for more in to_first]
        back_NM = torch.cat((back_NN, *back), dim=1) if back else back_NN
        losses, mined = [], []
        for logits_QM, more in ((logits_NM, to_second), (back_NM, to_first)):
            target_QM, count_QM = self._counts(
                logits_QM.detach() / scale.detach(), target_NN, more, near_NN
            )
            losses.append(self._one_way(model, name, logits_QM, target_QM, count_QM, weight_N))
            if near_NN is not None and count_QM is not None:
                mined.append((count_QM > 1.0).sum(1).float().mean())
        watched = {f"semi_hard_{name}": torch.stack(mined).mean()} if mined else {}
        return 0.5 * (losses[0] + losses[1]), logits_NM, watched

    def _counts(
        self, cosine_QM: Tensor, target_NN: Tensor, more: Sequence[More], near_NN: Tensor | None
    ) -> tuple[Tensor, Tensor | None]:
        """The targets over all candidates, and how many times each counts; None for once each."""

        def among(own_NN: Tensor, given: Sequence[Tensor | None], otherwise: bool) -> Tensor:
            sizes = [len(m.vector_ME) for m in more]
            rest = [
                own_NN.new_full((len(own_NN), size), otherwise) if it is None else it.to(own_NN)
                for it, size in zip(given, sizes, strict=True)
            ]
            return torch.cat((own_NN, *rest), dim=1)

        target_QM = among(target_NN, [m.positive_NM for m in more], False)
        count_QM: Tensor | None = None
        if any(m.there_NM is not None for m in more):
            all_NN = torch.ones_like(target_NN, dtype=cosine_QM.dtype)
            count_QM = among(all_NN, [m.there_NM for m in more], True)
        if near_NN is not None:
            near_QM = among(near_NN, [m.near_NM for m in more], False)
            mining = self.config.semi_hard
            hard_QM = semi_hard(cosine_QM, target_QM, near_QM, margin=mining.margin)
            boost_QM = 1.0 + (mining.boost - 1.0) * hard_QM.to(cosine_QM.dtype)
            count_QM = boost_QM if count_QM is None else count_QM * boost_QM
        return target_QM, count_QM

    def _one_way(
        self,
        model: AlignModel,
        name: str,
        logits_QM: Tensor,
        target_QM: Tensor,
        count_QM: Tensor | None,
        weight_Q: Tensor | None,
    ) -> Tensor:
        """The loss of the queries of one side."""
        if name in model.contrast_bias:
            bias = model.contrast_bias[name]
            if name not in self.begun:
                self._first[name] = bias, bias.detach().clone()
                with torch.no_grad():
                    bias.copy_(first_bias(target_QM))
                self.begun.add(name)
            return siglip_loss(logits_QM + bias, target_QM, count_NM=count_QM, weight_N=weight_Q)
        if count_QM is not None:
            logits_QM = counted(logits_QM, count_QM)
        if target_QM.dtype == torch.bool:
            return contrastive_loss(logits_QM, target_QM, weight_Q)
        return soft_contrastive_loss(logits_QM, target_QM, weight_Q)

    def state(self) -> tuple[dict[str, Tensor], dict[str, Any]]:
        """The bank's vectors, and what JSON can hold."""
        vectors, blocks = self.bank.state()
        return vectors, {"blocks": blocks, "begun": sorted(self.begun)}

    def load_state(
        self, vectors: Mapping[str, Tensor], meta: Mapping[str, Any], device: torch.device
    ) -> None:
        """Become the contrast that gave this state; an older run's is one that has seen nothing."""
        self.bank.load_state(vectors, meta.get("blocks", ()), device)
        self.begun = set(meta.get("begun", ()))
