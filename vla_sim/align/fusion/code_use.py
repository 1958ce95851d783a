"""Code use: which codes pictures and words are put into, as a moving average over updates.

Legend: M modalities, K codes, N tokens.
"""

from collections.abc import Sequence
from math import log

import torch
from torch import Tensor, nn

from vla_sim.records.reports import CODES

MODALITIES = ("picture", "words")
SELDOM = 0.1
"""A code counts as used from this part of an even share on."""


class CodeUse(nn.Module):
    """How often each modality uses each code; part of a checkpoint."""

    share_MK: Tensor

    def __init__(self, n_codes: int, *, decay: float) -> None:
        super().__init__()
        self.decay = decay
        self.register_buffer("share_MK", torch.zeros(len(MODALITIES), n_codes))

    def with_more(self, code_MN: Sequence[Tensor]) -> Tensor:
        """The average once these codes are taken in, (M, K); `share_MK` stays as it is.

        Args:
            code_MN: For each modality, the codes of its tokens, int64 (N,), N >= 1.
        """
        n_codes = self.share_MK.shape[1]
        now_MK = torch.stack(
            [torch.bincount(code_N, minlength=n_codes) / len(code_N) for code_N in code_MN]
        )
        return torch.lerp(self.share_MK, now_MK.to(self.share_MK.dtype), 1.0 - self.decay)


def told_of(share_MK: Tensor) -> dict[str, Tensor]:
    """What a report shows of the use of codes.

    Args:
        share_MK: How often each modality uses each code, rows of any positive sum.

    Returns:
        Of each modality the share of codes that it uses and the perplexity of its use, at most
        K; and the Jensen-Shannon divergence between the two [bit]: 0 where both use the same codes
        alike, so that a code may mean the same, and 1 where they share none.
    """
    p_MK = share_MK / share_MK.sum(1, keepdim=True)
    entropy_M = torch.special.entr(p_MK).sum(1)
    of_both = torch.special.entr(p_MK.mean(0)).sum()
    told = {}
    for name, p_K, entropy in zip(MODALITIES, p_MK, entropy_M, strict=True):
        told[f"{CODES}used_{name}"] = (p_K * len(p_K) > SELDOM).to(p_K.dtype).mean()
        told[f"{CODES}perplexity_{name}"] = entropy.exp()
    told[f"{CODES}divergence"] = (of_both - entropy_M.mean()).clamp_min(0.0) / log(2.0)
    return told
