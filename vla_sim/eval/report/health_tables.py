"""The health of a checkpoint as tables."""

from vla_sim.eval.health.health_report import HealthReport
from vla_sim.eval.report.numbers import percent, plain
from vla_sim.eval.report.tables import EMPTY, Cell, Table
from vla_sim.records.reports import Recall

MODALITIES = {"V": "Clips", "L": "Words", "A": "Actions"}


def matrix_table(health: HealthReport) -> Table:
    """The alignment matrix: who asks by who is found."""
    there = list(dict.fromkeys(key.partition("->")[0] for key in health.matrix))
    rows = tuple(
        (_named(query), tuple(_recall(health.matrix.get(f"{query}->{found}")) for found in there))
        for query in there
    )
    return Table(columns=tuple(map(_named, there)), rows=rows)


def recall_table(health: HealthReport) -> Table:
    """Hits of each direction beside chance."""
    directions = list(dict.fromkeys(key.partition("/")[0] for key in health.recall))
    measures = list(dict.fromkeys(key.partition("/")[2] for key in health.recall))
    rows = tuple(
        (
            direction.replace("->", " → "),
            tuple(_recall(health.recall.get(f"{direction}/{measure}")) for measure in measures),
        )
        for direction in directions
    )
    return Table(columns=tuple(measures), rows=rows)


def state_table(health: HealthReport) -> Table:
    """Likeness of the modalities, temperatures and batch, a line each."""
    batch = health.batch
    rows = [
        (f"CKA of {_of_pair(pair)}", "nothing varies" if value is None else plain(value), "")
        for pair, value in health.cka.items()
    ]
    rows += [
        (f"Temperature {pair}", plain(value), "") for pair, value in health.temperatures.items()
    ]
    shared = f"shared by {batch.processes} processes" if batch.processes > 1 else ""
    portions = f"{batch.portion} encoded at once" if batch.portion else ""
    rows += [
        ("Moments an update", f"{batch.moments:,}", shared),
        ("Segments an update", f"{batch.segments:,}", portions),
        (
            "Meanings among the segments",
            f"{batch.meanings:,}",
            f"each at most {batch.most_of_a_meaning} times in a batch",
        ),
    ]
    return Table(
        columns=("Value",),
        rows=tuple((title, (Cell(text=text, note=note),)) for title, text, note in rows),
    )


def _named(modality: str) -> str:
    return MODALITIES.get(modality, modality)


def _of_pair(pair: str) -> str:
    return " and ".join(_named(modality).lower() for modality in pair.split("-"))


def _recall(recall: Recall | None) -> Cell:
    if recall is None:
        return EMPTY
    value = 100 * recall.value
    return Cell(
        text=percent(recall.value),
        note=f"chance {percent(recall.chance)}",
        more=f"{percent(recall.skill, 0)} of the way",
        bar=(value, value, value),
        tick=100 * recall.chance,
    )
