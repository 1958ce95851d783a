"""An error names the thing, the nearest name that does exist, and where to see all."""

import pytest

from vla_sim.errors import MOST_LISTED, UnknownName


def test_the_nearest_name_comes_first() -> None:
    told = str(UnknownName("task", "raech", ["Reach", "ReachRelations", "Lift"]))
    assert told == (
        "no task 'raech'; did you mean 'Reach'? there are 'Lift', 'Reach', 'ReachRelations' "
        "(`vla-sim list tasks` shows them)"
    )


def test_a_long_list_is_cut_and_says_where_the_rest_is() -> None:
    names = [f"name_{k:02}" for k in range(MOST_LISTED + 30)]
    told = str(UnknownName("suite", "zebra", names))
    assert told.count("'name_") == MOST_LISTED
    assert told.endswith("and 30 more (`vla-sim list suites` shows them)")


@pytest.mark.parametrize(("known", "told"), [([], "there are none here"), (["a"], "there are 'a'")])
def test_a_kind_without_a_list_names_none(known: list[str], told: str) -> None:
    assert str(UnknownName("flavour", "x", known)) == f"no flavour 'x'; {told}"
