"""`vla-sim gallery`: pages with a picture, the words and the expert's score of every task."""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from rich.console import Console

from vla_sim.cli.saying import tell
from vla_sim.cli.verb import Verb

if TYPE_CHECKING:
    from vla_sim.loop.showing.gallery.pages import GalleryRun


def recipes() -> "Mapping[str, Callable[[], GalleryRun]]":
    """The gallery of all tasks."""
    from vla_sim.loop.showing.gallery.pages import GalleryRun

    return {"default": GalleryRun}


def run(config: "GalleryRun", console: Console) -> int:
    """Make the pages, and say what came out."""
    from vla_sim.loop.showing.gallery.pages import gallery

    for entry in gallery(config):
        score = entry.scores[0].expert
        console.print(
            f"{entry.name}: {len(entry.scores)} variants, expert {100 * score.value:.1f} % "
            f"[{100 * score.low:.1f}, {100 * score.high:.1f}], n = {score.n}",
            highlight=False,
            markup=False,
        )
    tell(console, f"written to {config.out}")
    return 0


VERB: "Verb[GalleryRun]" = Verb(
    summary="Write the gallery: a picture, the words and the expert's score of every task.",
    example="gallery --out docs/gallery",
    recipes=recipes,
    run=run,
)
