"""What is planted is counted, and every kind of event is planted."""

import pytest

from benchmarks.planted import PLANTS, planted
from vla_sim.eval.events import EVENTS, event_counts


def test_every_kind_is_planted() -> None:
    assert PLANTS.keys() == EVENTS.keys()


@pytest.mark.parametrize("kind", PLANTS)
@pytest.mark.slow
def test_what_is_planted_is_counted(kind: str) -> None:
    (episode,) = planted(PLANTS[kind], 1)
    assert event_counts(episode)[kind] == PLANTS[kind].count
