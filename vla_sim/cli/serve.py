"""`vla-sim serve RUN`: a policy of ours over openpi's websocket protocol."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from rich.console import Console

from vla_sim.cli.saying import tell
from vla_sim.cli.verb import Verb

if TYPE_CHECKING:
    from vla_sim.loop.serving.serve import ServeRun
    from vla_sim.loop.serving.server import PolicyServer


def recipes() -> "Mapping[str, Callable[[], ServeRun]]":
    """Loads the table."""
    from vla_sim.recipes.table import recipes_of

    return recipes_of("serve")


def own(run: str) -> "ServeRun":
    """The default, with a policy."""
    return replace(recipes()["default"](), policy=run)


def run(config: "ServeRun", console: Console) -> int:
    """Serve until Ctrl-C."""
    from vla_sim.loop.serving.serve import serve

    def ready(server: "PolicyServer") -> None:
        address = f"ws://{server.config.host}:{server.port}"
        robots = ", ".join(server.policy.metadata["vla_sim"]["contracts"])
        tell(console, f"{address} serves {config.policy} for {robots}, contract {config.contract}")
        if server.config.host not in ("127.0.0.1", "localhost", "::1") and not server.config.key:
            tell(console, "other machines can reach it, and it asks for no key: --key gives it one")
        tell(console, f"try it: vla-sim bench --policy {address}; Ctrl-C ends it")

    with console.status("loading the policy"):
        server = config.build()
    serve(server, ready)
    tell(console, "stopped")
    return 0


VERB: "Verb[ServeRun]" = Verb(
    summary="Serve a policy to other programs over openpi's websocket protocol.",
    example="serve runs/mine --port 8000",
    recipes=recipes,
    run=run,
    word="RUN",
    takes="what is served, and goes to --policy",
    own=own,
    owns=lambda word: word != "default",
    first=("policy", "contract", "tasks", "steps", "server.host", "server.port", "server.key"),
    shorts={"host": "server.host", "port": "server.port", "key": "server.key"},
)
