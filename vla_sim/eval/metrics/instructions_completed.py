"""How far a chain of instructions got."""

from vla_sim.eval.body import Body
from vla_sim.records.episode import Episode


def instructions_completed(episode: Episode, body: Body) -> float:
    """Number of instructions carried out in a row; without a chain 0 or 1.

    Source:
        CALVIN's average length, Mees et al., RA-L 2022.
    """
    del body
    return float(episode.n_completed)
