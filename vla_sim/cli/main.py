"""The entry point: `vla-sim VERB [NAME] [--option value ...]`."""

import os
import shlex
import sys
from collections.abc import Sequence
from functools import partial

from rich.console import Console

from vla_sim.cli.overview import description, print_overview
from vla_sim.cli.verbs import VERBS
from vla_sim.errors import UnknownName, VlaSimError
from vla_sim.version import __version__

_HELP = ("-h", "--help", "help")
_INTERRUPTED = 130
"""128 + SIGINT, what a shell expects."""
_WRONG = 2


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command line; returns the exit status."""
    words = list(sys.argv[1:] if argv is None else argv)
    debug = "--debug" in words or os.environ.get("VLA_SIM_DEBUG", "0") not in ("", "0")
    words = [word for word in words if word != "--debug"]
    # On few cores, threads that libraries start on their own cost a large factor.
    for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
        os.environ.setdefault(name, "1")
    try:
        return _run(words, Console())
    except VlaSimError as error:
        if debug:
            raise
        print(f"error: {error}", file=sys.stderr)
        return _WRONG
    except KeyboardInterrupt:
        print(f"\ninterrupted; {_way_on(words)}", file=sys.stderr)
        return _INTERRUPTED


def _run(words: list[str], console: Console) -> int:
    if not words or words[0] in _HELP:
        print_overview(VERBS, console)
        return 0
    if words[0] == "--version":
        console.print(f"vla-sim {__version__}", highlight=False)
        return 0
    name, rest = words[0], words[1:]
    if name not in VERBS:
        raise UnknownName("verb", name, VERBS)
    verb = VERBS[name]
    word = rest.pop(0) if rest and not rest[0].startswith("-") else None
    # Here, because the overview needs none of it.
    from vla_sim.cli.going_on import going_on
    from vla_sim.cli.options import override

    wants_help = any(w in ("-h", "--help") for w in rest)
    asked = next(iter(verb.recipes())) if wants_help and not word and not verb.default else word
    prog = f"vla-sim {name} {verb.word if word is None else word}"
    about = description(name, verb) if wants_help else ""
    typed = partial(override, words=rest, prog=prog, description=about)
    recipe = typed(verb.settings(asked))
    settings = going_on(verb, name, recipe, is_named=word is not None, typed=typed)
    return verb.run(settings, console)


def _way_on(words: Sequence[str]) -> str:
    """How to go on after Ctrl-C."""
    if not words or words[0] not in VERBS:
        return "nothing was begun"
    typed = shlex.join(["vla-sim", *words])
    if not VERBS[words[0]].resumes:
        return f"nothing is left half-done; again: {typed}"
    return f"go on with: {typed if '--resume' in words else typed + ' --resume'}"


if __name__ == "__main__":
    sys.exit(main())
