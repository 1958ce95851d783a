"""`vla-sim align`: train one model in the closed loop."""

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

from rich.console import Console

from vla_sim.cli.saying import tell
from vla_sim.cli.verb import Choices, Verb

if TYPE_CHECKING:
    from vla_sim.loop.aligning.closed_loop import AlignRun


SHORTS = {
    "text": "learner.trainer.model.text",
    "vision": "learner.trainer.model.vision",
    "fusion": "learner.trainer.model.fusion",
    "own-losses": "learner.trainer.own-losses",
    "device": "learner.trainer.device",
}


def recipes() -> "Mapping[str, Callable[[], AlignRun]]":
    """Loads the table."""
    from vla_sim.recipes.table import recipes_of

    return recipes_of("align")


def run(config: "AlignRun", console: Console) -> int:
    """Train, then say what to do with the result."""
    from vla_sim.loop.aligning.closed_loop import align
    from vla_sim.loop.aligning.monitor import Monitor
    from vla_sim.loop.tracking.tracker import tracking

    with (
        tracking(config.track, config.out, project="vla-sim-align") as tracker,
        Monitor(console, tracker=tracker) as monitor,
    ):
        folder = align(config, monitor)
    tell(
        console,
        f"next: vla-sim bench --policy {folder.path}, or vla-sim report {folder.path}",
    )
    return 0


def may_change() -> Sequence[str]:
    """Loads the table."""
    from vla_sim.loop.aligning.closed_loop import MAY_CHANGE

    return MAY_CHANGE


def choices() -> Choices:
    """The towers, and what brings them together."""
    from vla_sim.align.encoders.table import ENCODERS, VISIONS
    from vla_sim.align.fusion.table import FUSIONS

    return {SHORTS["text"]: ENCODERS, SHORTS["vision"]: VISIONS, SHORTS["fusion"]: FUSIONS}


VERB: "Verb[AlignRun]" = Verb(
    summary="Align vision, language and action on triples that the simulators make meanwhile.",
    example="align --tasks Reach Park --out runs/mine",
    recipes=recipes,
    run=run,
    resumes=True,
    may_change=may_change,
    first=(
        "out",
        "resume",
        "seed",
        "tasks",
        "data",
        "data-memory",
        "max-updates",
        "max-seconds",
        "online-episodes",
        "learner.memory.n-steps",
        "learner.memory.label-share",
        "learner.trainer.surgery",
        "learner.trainer.own-losses",
        "simulators.n-slots",
        "simulators.crank.image-size",
    ),
    choices=choices,
    shorts=SHORTS,
)
