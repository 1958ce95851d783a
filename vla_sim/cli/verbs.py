"""The table of verbs. To add one: write its file and its line here."""

from collections.abc import Mapping
from typing import Any

from vla_sim.cli import collect, doctor, film, listing, say
from vla_sim.cli.verb import Verb

VERBS: Mapping[str, Verb[Any]] = {
    "doctor": doctor.VERB,
    "list": listing.VERB,
    "say": say.VERB,
    "collect": collect.VERB,
    "film": film.VERB,
}
