"""Overview: what `vla-sim` says when it is asked nothing."""

from collections.abc import Mapping
from functools import partial
from textwrap import fill
from typing import Any

from rich import box
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from vla_sim.cli.verb import Verb, shortened
from vla_sim.version import __version__

_MOST_LINES = 24
"""Names with nothing said about them; more of them share lines."""


def print_overview(verbs: Mapping[str, Verb[Any]], console: Console) -> None:
    """Every verb with its summary and an example."""
    console.print(
        f"[bold]vla-sim {__version__}[/]: collect, align and measure vision-language-action models "
        "in simulation.\n"
    )
    console.print("usage: vla-sim VERB \\[NAME] \\[--option value ...]\n")
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    table.add_column("verb", style="bold", no_wrap=True)
    table.add_column("what it does, and an example")
    for name, verb in verbs.items():
        # A verb of two words stands on two lines, beside the two of what it does.
        said = name.replace(" ", "\n")
        table.add_row(said, f"{escape(verb.summary)}\n[dim]$ vla-sim {escape(verb.example)}[/]")
    console.print(table)
    console.print(
        "vla-sim VERB --help explains the options that matter first, --help-all all of them;\n"
        "`vla-sim list` shows every name there is.\n"
        "--debug (or VLA_SIM_DEBUG=1) shows where an error came from; --version prints the version."
    )


def description(name: str, verb: Verb[Any]) -> str:
    """What stands above the options in `vla-sim VERB --help`."""
    lines = [verb.summary, "", f"Example: vla-sim {verb.example}"]
    if verb.words:
        return "\n".join(
            [*lines, f"{verb.word} goes to {shortened(f'--{verb.words}', verb.shorts)}."]
        )
    recipes = verb.recipes()
    if verb.takes:
        return "\n".join([*lines, f"{verb.word} is {verb.takes}."])
    lines += ["", f"{verb.word} is one of:"]
    if len(recipes) > _MOST_LINES and all(isinstance(r, partial) for r in recipes.values()):
        lines.append(fill(", ".join(recipes), 78, initial_indent="  ", subsequent_indent="  "))
        return "\n".join(lines)
    for word, recipe in recipes.items():
        written = "" if isinstance(recipe, partial) else recipe.__doc__ or ""
        said = written.strip().partition("\n")[0]
        is_default = " (meant where none is given)" if word == verb.default else ""
        lines.append(f"  {word}{is_default}{': ' + said if said else ''}")
    return "\n".join(lines)
