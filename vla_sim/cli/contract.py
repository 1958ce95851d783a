"""`vla-sim contract NAME`: what a contract says, if it fits a task, and its replay self-test."""

from collections.abc import Callable, Mapping
from functools import partial
from typing import TYPE_CHECKING

from rich.console import Console

from vla_sim.cli.saying import tell
from vla_sim.cli.verb import Verb

if TYPE_CHECKING:
    from vla_sim.loop.serving.self_test import ContractRun, SelfTest


def recipes() -> "Mapping[str, Callable[[], ContractRun]]":
    """A look at each contract of the package."""
    from vla_sim.loop.serving.contracts import LIBERO, NATIVE
    from vla_sim.loop.serving.self_test import ContractRun

    return {name: partial(ContractRun, name=name) for name in (LIBERO.name, NATIVE)}


def own(name: str) -> "ContractRun":
    """A look at a file of the user's own."""
    from vla_sim.loop.serving.self_test import ContractRun

    return ContractRun(name=name)


def run(config: "ContractRun", console: Console) -> int:
    """Show it and test it; 1 if what goes through it does not come back."""
    from vla_sim.loop.serving.self_test import self_test

    with console.status(f"sending {config.episodes} episodes of {config.task} through it"):
        tested = self_test(config)
    _show(tested, console)
    return 0 if tested.holds else 1


def _show(tested: "SelfTest", console: Console) -> None:
    from vla_sim.envs.task_names import short_name
    from vla_sim.envs.tasks import make_task
    from vla_sim.loop.serving.contracts import state_names
    from vla_sim.loop.serving.translation import meaning

    contract, body = tested.contract, make_task(tested.task_id).robot.embodiment
    tell(console, f"contract {contract.name}, on {short_name(tested.task_id)} ({body.name})")
    for camera in contract.cameras:
        size = f"{camera.size} x {camera.size} px" if camera.size else "any size"
        way = "turned by half a turn" if camera.half_turn else "upright"
        tell(console, f"  {camera.key}: the {camera.camera} camera, {size}, uint8, {way}")
    if contract.state is not None:
        tell(console, f"  {contract.state.key}: float32, {', '.join(contract.state.components)}")
    tell(console, f"  {contract.prompt}: the instruction")
    steps = contract.actions.steps or "as many as come"
    tell(console, f"  {contract.actions.key}: {contract.actions.dtype}, steps: {steps}")
    for line in meaning(contract, body):
        tell(console, f"    {line}")
    tell(console, f"a state may be made of: {', '.join(state_names(body))}")
    tell(console, "")
    for said, rate in (("as it is", tested.direct), ("through and back", tested.through)):
        tell(console, f"the expert {said}: {100 * rate.value:.0f} % of {rate.n}")
    tell(console, f"largest error of an action: {tested.action_error:.1e} of its range")
    if tested.unread:
        tell(console, f"`vla-sim serve` cannot speak it: {tested.unread}")
        return
    told = ", ".join(f"{name} {error:.1g}" for name, error in tested.proprio_error.items())
    tell(console, f"largest error of what `vla-sim serve` would read: {told}")


VERB: "Verb[ContractRun]" = Verb(
    summary="Show what a policy from outside is shown and answers; test the way there and back.",
    example="contract libero --task Lift",
    recipes=recipes,
    run=run,
    word="CONTRACT",
    default="libero",
    own=own,
    owns=lambda word: word.endswith((".toml", ".json")),
)
