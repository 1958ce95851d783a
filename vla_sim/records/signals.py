"""What can be read off a policy's own vectors while it acts, without knowing the truth."""

from typing import Literal, get_args

Signal = Literal[
    "disagreement",
    "wording_spread",
    "chunk_spread",
    "attention_entropy",
    "attention_spread",
    "inconsistency",
    "drift",
    "effort",
    "unsaid",
]
SIGNALS: tuple[Signal, ...] = get_args(Signal)
"""In the order of a row of signals, one row a decision:

disagreement: 1 - cosine of z_S and z_A of the policy's own chunk.
wording_spread: 1 - mean cosine of z_S between what was said and its rephrasings.
chunk_spread: mean distance of the chunks that the rephrasings give from the policy's own.
attention_entropy: of where the words were found, as a share of that of looking everywhere.
attention_spread: how much of the attention lies elsewhere under the rephrasings, 0 to 1.
inconsistency: mean distance of the chunk from what was left of the one before it.
drift: 1 - cosine of z_S and the z_S before it.
effort: mean size of the chunk's actions.
unsaid: 1 - cosine of z_S with and without words.
"""
