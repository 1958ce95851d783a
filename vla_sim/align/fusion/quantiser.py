"""The role of a quantiser: every token becomes one of K codes.

Legend: N tokens, D components of a token, K codes.
"""

import torch
from torch import Tensor, nn


class Quantiser(nn.Module):
    """From tokens, whose components have mean 0 and variance 1, to codes."""

    n_codes: int
    n_components: int
    """D: components of a token, and of what comes out."""

    def forward(self, token_ND: Tensor) -> tuple[Tensor, Tensor]:
        """The tokens as their codes have them, and which codes these are.

        Args:
            token_ND: Tokens.

        Returns:
            float (N, D), with the tokens' gradient (straight through), and int64 (N,).
        """
        raise NotImplementedError

    def follow(self, token_ND: Tensor, code_N: Tensor, generator: torch.Generator) -> None:
        """Move the codes after an update, where they do not stand still.

        Args:
            token_ND: The update's tokens, without a gradient.
            code_N: Their codes.
            generator: Where there is something to draw.
        """


def straight_through(token: Tensor, code: Tensor) -> Tensor:
    """The code forward, the token's gradient backward."""
    return token + (code - token).detach()
