"""`vla-sim finetune`: reinforcement learning on top of the aligned encoder."""

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

from rich.console import Console

from vla_sim.cli.saying import tell, typed
from vla_sim.cli.verb import Verb

if TYPE_CHECKING:
    from vla_sim.loop.rl.rl_run import FinetuneRun


def recipes() -> "Mapping[str, Callable[[], FinetuneRun]]":
    """Loads the table."""
    from vla_sim.recipes.table import recipes_of

    return recipes_of("finetune")


def run(config: "FinetuneRun", console: Console) -> int:
    """Train, measure, and say what it took."""
    from vla_sim.envs.task_names import short_name
    from vla_sim.eval.aggregate import overall_rate
    from vla_sim.eval.sentences import sentence
    from vla_sim.loop.rl.finetune import finetune
    from vla_sim.loop.rl.rl_measuring import ALPHA

    done = finetune(config, console)
    took = f"{done.n_env_steps:,} env steps in {done.elapsed_s:.0f} s"
    reached = (
        "80 % of 100 training episodes never succeeded"
        if done.steps_to_80 is None
        else f"80 % of 100 training episodes succeeded after {done.steps_to_80:,} env steps"
    )
    console.print(f"{took}; {reached}", highlight=False)
    if done.report is not None:
        rate = overall_rate(done.report, "success_at_end")
        assert rate is not None
        console.print(
            f"success at end {100 * rate.value:.0f} % [{100 * rate.low:.0f}, {100 * rate.high:.0f}]"
            f" over {rate.n} unseen scenes",
            highlight=False,
            markup=False,
        )
    if done.gain is not None:
        console.print(sentence(done.gain, alpha=ALPHA), highlight=False, markup=False)
    for contrast in done.by_task:
        said = f"{short_name(contrast.task_id)}: {sentence(contrast, alpha=ALPHA)}"
        console.print(said, highlight=False, markup=False)
    way = typed("bench", "--policy", done.folder.path, "--tasks", *config.tasks)
    tell(console, f"next: {way}")
    return 0


def may_change() -> Sequence[str]:
    """Loads the table."""
    from vla_sim.loop.rl.rl_run import MAY_CHANGE

    return MAY_CHANGE


VERB: "Verb[FinetuneRun]" = Verb(
    summary="Go on from an aligned policy by reinforcement learning, and measure before and after.",
    first=(
        "out",
        "resume",
        "encoder",
        "start",
        "features",
        "tasks",
        "seed",
        "max-env-steps",
        "max-seconds",
        "bounds.most",
        "stopping.target-success",
        "episodes",
        "n-slots",
        "ppo.learning-rate",
    ),
    example="finetune core-car --encoder runs/mine --out runs/rl",
    recipes=recipes,
    run=run,
    resumes=True,
    may_change=may_change,
    shorts={
        "shield": "crank.shield",
        "keep": "bounds.most",
        "target-success": "stopping.target-success",
    },
)
