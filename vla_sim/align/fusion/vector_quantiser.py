"""Vector quantiser: the nearest of K codes, which follow the tokens by moving averages.

Legend: N tokens, D components of a token, K codes.
"""

import torch
from torch import Tensor
from torch.nn import functional

from vla_sim.align.fusion.quantiser import Quantiser, straight_through

SMOOTHING = 1e-5
"""Added to every count, so that a code that nobody uses is not divided by zero."""


class VectorQuantiser(Quantiser):
    """The codes of VQ-VAE: each is the mean of the tokens that chose it lately.

    A code that hardly any token chooses expires: it is put where a token of the update lies. Those
    that the first update passes over expire at once, so that codes begin among the tokens.

    Source:
        arXiv 1711.00937, appendix A.1; expiry as in arXiv 2107.03312, section 3.3.
    """

    code_KD: Tensor
    count_K: Tensor
    sum_KD: Tensor

    def __init__(
        self, *, n_codes: int, n_components: int, decay: float, expire_below: float
    ) -> None:
        """Codes that lie anywhere.

        Args:
            n_codes: K.
            n_components: D.
            decay: Part of the averages that an update leaves.
            expire_below: A code expires when it is chosen by fewer tokens than this part of an even
                share; 0 for never.
        """
        super().__init__()
        self.n_codes, self.n_components = n_codes, n_components
        self.decay, self.expire_below = decay, expire_below
        code_KD = torch.randn(n_codes, n_components)
        worth = 0.0 if expire_below else 1.0  # what never expires has to count from the start
        self.register_buffer("code_KD", code_KD)
        self.register_buffer("count_K", torch.full((n_codes,), worth))
        self.register_buffer("sum_KD", worth * code_KD)

    def forward(self, token_ND: Tensor) -> tuple[Tensor, Tensor]:
        """See `Quantiser`."""
        # |x - e|^2 without |x|^2, which is the same for all codes.
        reach_K = 0.5 * self.code_KD.square().sum(1)
        code_N = (token_ND.detach() @ self.code_KD.T - reach_K).argmax(1)
        return straight_through(token_ND, self.code_KD[code_N]), code_N

    def follow(self, token_ND: Tensor, code_N: Tensor, generator: torch.Generator) -> None:
        """See `Quantiser`."""
        if not len(token_ND):
            return
        chosen_NK = functional.one_hot(code_N, self.n_codes).to(token_ND.dtype)
        self.count_K.lerp_(chosen_NK.sum(0), 1.0 - self.decay)
        self.sum_KD.lerp_(chosen_NK.T @ token_ND, 1.0 - self.decay)
        if self.expire_below:
            self._expire(token_ND, generator)
        total = self.count_K.sum()
        smooth_K = (self.count_K + SMOOTHING) / (total + self.n_codes * SMOOTHING) * total
        self.code_KD.copy_(self.sum_KD / smooth_K.unsqueeze(1))

    def _expire(self, token_ND: Tensor, generator: torch.Generator) -> None:
        even = self.count_K.sum() / self.n_codes
        dead_K = self.count_K < self.expire_below * even
        # Drawn for all, so that what is drawn next does not depend on how many died.
        order_N = torch.randperm(len(token_ND), generator=generator)
        place_K = order_N[torch.arange(self.n_codes) % len(token_ND)]
        drawn_KD = token_ND[place_K.to(token_ND.device)]
        self.count_K.copy_(torch.where(dead_K, even, self.count_K))
        self.sum_KD.copy_(torch.where(dead_K.unsqueeze(1), even * drawn_KD, self.sum_KD))
