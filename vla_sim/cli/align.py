"""`vla-sim align`: train one model in the closed loop."""

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

from rich.console import Console

from vla_sim.cli.saying import tell, typed
from vla_sim.cli.verb import Choices, Verb

if TYPE_CHECKING:
    from vla_sim.loop.aligning.align_run import AlignRun


SHORTS = {
    "text": "learner.trainer.model.text",
    "vision": "learner.trainer.model.vision",
    "fusion": "learner.trainer.model.fusion",
    "reconciling": "learner.trainer.reconciling",
    "own-losses": "learner.trainer.own-losses",
    "device": "learner.trainer.device",
}


def recipes() -> "Mapping[str, Callable[[], AlignRun]]":
    """Loads the table."""
    from vla_sim.recipes.table import recipes_of

    return recipes_of("align")


def run(config: "AlignRun", console: Console) -> int:
    """Train, then say what to do with the result."""
    from vla_sim.align.crew import launched_as
    from vla_sim.loop.aligning.closed_loop import align
    from vla_sim.loop.aligning.monitor import Monitor
    from vla_sim.loop.tracking.tracker import tracking

    leads = launched_as() == 0
    with (
        tracking(config.track if leads else "", config.out, project="vla-sim-align") as tracker,
        Monitor(console if leads else None, tracker=tracker) as monitor,
    ):
        folder = align(config, monitor)
    if not leads:
        return 0
    bench, report = typed("bench", "--policy", folder.path), typed("report", folder.path)
    tell(console, f"next: {bench}, or {report}")
    return 0


def may_change() -> Sequence[str]:
    """Loads the table."""
    from vla_sim.loop.aligning.align_run import MAY_CHANGE

    return MAY_CHANGE


def choices() -> Choices:
    """The towers, what brings them together, and what reconciles their losses."""
    from vla_sim.align.encoders.table import ENCODERS, VISIONS
    from vla_sim.align.fusion.table import FUSIONS
    from vla_sim.align.reconciling.table import RECONCILERS

    return {
        SHORTS["text"]: ENCODERS,
        SHORTS["vision"]: VISIONS,
        SHORTS["fusion"]: FUSIONS,
        SHORTS["reconciling"]: RECONCILERS,
    }


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
        "learner.trainer.own-losses",
        "simulators.n-slots",
        "simulators.crank.image-size",
    ),
    choices=choices,
    shorts=SHORTS,
)
