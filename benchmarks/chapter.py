"""What the chapter asks, against its bars: the group `chapter` of `make claims`.

Each part of the chapter brings a module `benchmarks/chapter_*.py` with `ROWS`, {measurement: a
function that yields rows}; this one collects them by an explicit list and adds what the ablation
study has. `python -m benchmarks.chapter` prints the rows about the study, and measures nothing.
"""

import sys
from collections.abc import Callable, Iterator, Mapping

from benchmarks.row import Row, rows_of, told
from vla_sim.loop.studying.cell_store import CellStore
from vla_sim.loop.studying.comparison import spread
from vla_sim.loop.studying.measures import MEASURES, SUCCESS
from vla_sim.loop.studying.page import comparisons
from vla_sim.loop.studying.summary import Summary, summary
from vla_sim.loop.studying.wording import bounds, over_seeds, signed
from vla_sim.recipes import study as studies

Rows = Callable[[], Iterator[Row]]
MODULES: tuple[str, ...] = (
    "chapter_contrast",
    "chapter_supervision",
    "chapter_codebooks",
    "chapter_reconciling",
    "chapter_scale",
)
"""Modules of the chapter's parts, without the package."""
SEEDS = 3


def found() -> Summary:
    """What is there of the ablation study."""
    run = studies.ablation()
    return summary(run, CellStore(folder=run.cells_folder))


def complete() -> Iterator[Row]:
    """Every mechanism of the chapter has an arm with so many seeds."""
    held = found()
    short = [f"{arm.name} {len(arm.values)}" for arm in held.arms if len(arm.values) < SEEDS]
    told = f"; short of it: {', '.join(short)}" if short else ""
    yield Row(
        name=f"every arm of the study has {SEEDS} seeds",
        value=f"{len(held.arms) - len(short)} of {len(held.arms)} arms{told}",
        bar="complete",
        holds=not short,
    )


def arms() -> Iterator[Row]:
    """What each arm that is there is worth."""
    held = found()
    measure = MEASURES[SUCCESS]
    made = comparisons(held)[SUCCESS]
    for arm in held.others:
        if arm.name not in made:
            continue
        one = made[arm.name]
        yield Row(
            name=f"{arm.name}, {len(one.by_seed)} seeds, success",
            value=(
                f"{over_seeds(spread(arm.values, measure), measure)} %, {signed(one.mean)} points "
                f"{bounds(one.seeds)} over seeds, {bounds(one.episodes)} over episodes: "
                f"{one.verdict}"
            ),
            bar="printed",
            holds=True,
        )


STUDY: Mapping[str, Rows] = {"complete": complete, "arms": arms}


ROWS: Mapping[str, Rows] = {
    **rows_of("chapter_", MODULES),
    **{f"study-{name}": measure for name, measure in STUDY.items()},
}


def main() -> int:
    """Print what the study's cells say."""
    told(row for measure in STUDY.values() for row in measure())
    return 0


if __name__ == "__main__":
    sys.exit(main())
