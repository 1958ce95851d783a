"""A result's part of a report: its numbers, its episodes, and the films that lie beside them."""

from pathlib import Path

from vla_sim.disk.atomic import read_json
from vla_sim.errors import DamagedFile
from vla_sim.eval.report.content import Clip, ReportInput
from vla_sim.loop.benching.result import CARD, Result
from vla_sim.loop.showing.result_films import FILMS, SHEET, place_of


def result_part(folder: Path, result: Result) -> ReportInput:
    """What a report says of a result.

    Raises:
        DamagedFile: If a film is of no episode of the result.
    """
    card_at = folder / CARD
    card = read_json(card_at) if card_at.is_file() else dict(result.card)
    sheet = folder / FILMS / SHEET
    clips = [
        Clip(place=place_of(path), gif=path.read_bytes())
        for path in sorted((folder / FILMS).glob("*.gif"))
    ]
    for clip in clips:
        if clip.place >= len(result.rows):
            raise DamagedFile(
                f"{folder / FILMS} has a film of episode {clip.place}, and the result has "
                f"{len(result.rows)} episodes"
            )
    clips.sort(key=lambda clip: (result.rows[clip.place].success_at_end, clip.place))
    return ReportInput(
        title=f"Benchmark of {result.policy}",
        final=result.report,
        rows=result.rows,
        clips=tuple(clips),
        sheet=sheet.read_bytes() if sheet.is_file() else b"",
        run_card={str(name): str(value) for name, value in card.items()},
    )
