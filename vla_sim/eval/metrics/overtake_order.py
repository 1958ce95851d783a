"""Whether vehicles were passed as the words said."""

import numpy as np

from vla_sim.eval.body import Body
from vla_sim.records.episode import Episode


def overtake_order(episode: Episode, body: Body) -> float:
    """1 if the named vehicle was passed, and none of the others before it, else 0.

    Passed is who was ahead of the car's middle along the road at the start and is behind it at some
    later state. NaN for instructions that are not about overtaking.

    Source:
        The idea of Bench2Drive-Speed's overtake score.
    """
    del body
    things = episode.things
    if episode.instruction.meaning.intent_id != "overtake" or things is None or not things.drives:
        return np.nan
    behind = things.position[:, :, 0] < episode.point[:, 0, None]  # (T + 1, K)
    passed = behind & ~behind[0]
    first = np.where(passed.any(axis=0), passed.argmax(axis=0), len(passed))
    named = things.concerned[0]
    if episode.diverged or (first[named] == len(passed)).any():
        return 0.0
    return float(first[named].max() <= first[~named].min(initial=len(passed)))
