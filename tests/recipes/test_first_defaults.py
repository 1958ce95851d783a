"""A folder of a run may be older than a setting, so what that counts as there never moves."""

from dataclasses import fields
from importlib import import_module

from tests.recipes.first_defaults import noted, of_today
from vla_sim.unsaid import CHANGED_DEFAULTS

CURE = """Settings of runs are not those of tests/recipes/first_defaults.txt.
New or gone: `python -m tests.recipes.first_defaults` puts the file right. If the default of a new
one does something else than what was done before it, list first what means "as before", in
CHANGED_DEFAULTS of vla_sim/unsaid.py. A default that moved: list the former one there as well; only
where no folder can lack the setting, change its line in the file instead."""


def test_what_a_setting_counts_as_where_it_is_unsaid_never_moves() -> None:
    assert of_today() == noted(), CURE


def test_what_the_table_lists_is_a_setting_whose_default_means_something_else() -> None:
    for key, before in CHANGED_DEFAULTS.items():
        module, _, name = key.partition(":")
        owner, _, setting = name.rpartition(".")
        (field,) = (f for f in fields(getattr(import_module(module), owner)) if f.name == setting)
        assert field.default != before, key
