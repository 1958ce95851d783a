"""The table of verbs. To add one: write its file and its line here."""

from collections.abc import Mapping
from typing import Any

from vla_sim.cli import (
    across,
    align,
    bench,
    collect,
    compare,
    contract,
    demo,
    detect,
    doctor,
    film,
    finetune,
    gallery,
    gap,
    listing,
    merge,
    power,
    protocol,
    replay,
    report,
    say,
    serve,
    study,
)
from vla_sim.cli.verb import Verb

VERBS: Mapping[str, Verb[Any]] = {
    "doctor": doctor.VERB,
    "list": listing.VERB,
    "say": say.VERB,
    "collect": collect.VERB,
    "align": align.VERB,
    "bench": bench.VERB,
    "protocol freeze": protocol.FREEZE,
    "protocol show": protocol.SHOW,
    "protocol conditions": protocol.CONDITIONS,
    "merge": merge.VERB,
    "compare": compare.VERB,
    "across": across.VERB,
    "power": power.VERB,
    "detect": detect.VERB,
    "gap": gap.VERB,
    "finetune": finetune.VERB,
    "study": study.VERB,
    "serve": serve.VERB,
    "contract": contract.VERB,
    "film": film.VERB,
    "replay": replay.VERB,
    "gallery": gallery.VERB,
    "report": report.VERB,
    "demo": demo.VERB,
}
