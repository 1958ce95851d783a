"""The alignment matrix: how well each modality finds each, itself included.

Legend: N segments, E embedding.
"""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from vla_sim.errors import BadConfig
from vla_sim.eval.retrieval import chance_values, ranking_values
from vla_sim.records.reports import Recall

AT = 10
"""A hit is a right answer among the first so many."""


def alignment_matrix(
    told: Mapping[str, NDArray[np.floating]],
    retold: Mapping[str, NDArray[np.floating]],
    meaning: NDArray[np.integer],
) -> dict[str, Recall]:
    """The share of queries with a right answer among the first `AT`, beside chance.

    A modality finds itself where its retelling is the query: other words, another light, a hand
    that trembles. What fails there cannot be found from another modality either.

    Args:
        told: {modality: unit vectors (N, E)}; row i of all belongs together.
        retold: The same segments, told in another way.
        meaning: (N,), equal numbers are each other's right answers.

    Returns:
        {"V->L": ...} of every pair, in the order of `told`, row by row.

    Raises:
        BadConfig: If the modalities differ, or there is nothing to find.

    Source:
        The chapter's AMat. Its rows are read as shares of the way from chance to perfect
        (`Recall.skill`), so that galleries of different sizes compare.
    """
    if told.keys() != retold.keys() or not told:
        raise BadConfig(f"told are {sorted(told)}, retold {sorted(retold)}: give the same, some")
    meaning = np.asarray(meaning)
    relevant = meaning[:, None] == meaning
    n, name = len(meaning), f"R@{AT}"
    chance = chance_values(n, relevant.sum(axis=1))[name]
    matrix = {}
    for query in told:
        for gallery in told:
            asked = (retold if query == gallery else told)[query]
            scores = np.asarray(asked, dtype=np.float64) @ told[gallery].T
            matrix[f"{query}->{gallery}"] = Recall(
                value=ranking_values(scores, relevant)[name], chance=chance, gallery_size=n
            )
    return matrix
