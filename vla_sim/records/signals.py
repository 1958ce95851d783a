"""What can be read off a policy's own vectors while it acts, without knowing the truth."""

from typing import Literal, get_args

Signal = Literal[
    "disagreement",
    "wording_spread",
    "chunk_spread",
    "inconsistency",
    "drift",
    "effort",
    "unsaid",
    "thing_peak",
    "place_peak",
    "next_peak",
    "thing_entropy",
    "place_entropy",
    "next_entropy",
    "thing_spread",
    "place_spread",
    "next_spread",
]
SIGNALS: tuple[Signal, ...] = get_args(Signal)
"""In the order of a row of signals, one row a decision:

disagreement: 1 - cosine of z_S and z_A of the policy's own chunk.
wording_spread: 1 - mean cosine of z_S between what was said and its rephrasings.
chunk_spread: mean distance of the chunks that the rephrasings give from the policy's own.
inconsistency: mean distance of the chunk from what was left of the one before it.
drift: 1 - cosine of z_S and the z_S before it.
effort: mean size of the chunk's actions.
unsaid: 1 - cosine of z_S with and without words.

And of each of QUERIES, which is asked by the words:

peak: how well the best cell of the picture answers; low where what is asked for is not there.
entropy: of where it was found, as a share of that of looking everywhere.
spread: how much of the attention lies elsewhere under the rephrasings, 0 to 1.
"""
