"""The entry point: `vla-sim VERB [NAME] [--option value ...]`.

At its top it imports the standard library alone: what takes time is imported where Ctrl-C is
answered already.
"""

import os
import shlex
import sys
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.console import Console

_HELP = ("-h", "--help", "help")
_ALL = "--help-all"
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
        return _answered([_at_home(word) for word in words], debug=debug)
    except KeyboardInterrupt:
        print(f"\ninterrupted; {_way_on(words)}", file=sys.stderr)
        return _INTERRUPTED


def _answered(words: list[str], *, debug: bool) -> int:
    """Run the words; an error of ours is a line."""
    from rich.console import Console

    from vla_sim.cli.saying import speak_any_alphabet
    from vla_sim.errors import VlaSimError

    speak_any_alphabet()
    try:
        return _run(words, Console())
    except VlaSimError as error:
        if debug:
            raise
        print(f"error: {error}", file=sys.stderr)
        return _WRONG
    except (OSError, MemoryError) as error:
        # A full disk, a file without rights, too much asked of the memory: no fault of the code.
        if debug:
            raise
        said = str(error) or "there is not enough memory for what was asked"
        print(f"error: {said} (--debug shows where)", file=sys.stderr)
        return _WRONG


def _run(words: list[str], console: "Console") -> int:
    from vla_sim.cli.overview import description, print_overview
    from vla_sim.cli.verbs import VERBS
    from vla_sim.errors import UnknownName, VlaSimError
    from vla_sim.version import __version__

    if not words or words[0] in _HELP:
        print_overview(VERBS, console)
        return 0
    if words[0] == "--version":
        console.print(f"vla-sim {__version__}", highlight=False)
        return 0
    name, words = _said(words)
    if name not in VERBS:
        group = [verb for verb in VERBS if verb.startswith(f"{name.partition(' ')[0]} ")]
        raise UnknownName("verb", name, group or VERBS, most=len(VERBS))
    verb = VERBS[name]
    word, rest = verb.split(words)
    # Here, because the overview needs none of it.
    from vla_sim.cli.going_on import going_on
    from vla_sim.cli.help import print_help
    from vla_sim.cli.options import override
    from vla_sim.cli.stating import stated

    prog = f"vla-sim {name} {verb.word if word is None else word}"
    wants_all = _ALL in rest
    if wants_all or any(w in ("-h", "--help") for w in rest):
        rest = [w for w in rest if w not in (_ALL, "-h", "--help")]
        typed = partial(override, words=rest, prog=prog, choices=verb.choices(), shorts=verb.shorts)
        asked = next(iter(verb.recipes())) if not word and not verb.default else word
        settings = typed(stated(verb, verb.settings(asked), rest, is_named=word is not None))
        print_help(verb, settings, console, head=description(name, verb), all_of_them=wants_all)
        return 0
    meant = [word] if word is None else list(verb.several(word))
    if len(meant) > 1 and any(w.partition("=")[0] == "--out" for w in rest):
        raise VlaSimError(
            f"{word!r} gives {len(meant)} files, named by themselves; leave out --out"
        )
    typed = partial(override, words=rest, prog=prog, choices=verb.choices(), shorts=verb.shorts)
    each = [
        going_on(
            verb,
            name,
            typed(stated(verb, verb.settings(one), rest, is_named=word is not None)),
            is_named=word is not None,
            typed=typed,
        )
        for one in meant
    ]
    return max(verb.run(settings, console) for settings in each)


def _said(words: Sequence[str]) -> tuple[str, list[str]]:
    """The verb that words begin with, which may be two of them, and what follows."""
    from vla_sim.cli.verbs import VERBS

    pair = " ".join(words[:2])
    is_group = any(name.startswith(f"{words[0]} ") for name in VERBS)
    n = 2 if pair in VERBS or (is_group and len(words) > 1 and words[1] not in _HELP) else 1
    return " ".join(words[:n]), list(words[n:])


def _at_home(word: str) -> str:
    """A word with the home folder for a leading "~", where the shell left one: `--out=~/data`."""
    option, equals, value = word.partition("=") if word.startswith("--") else ("", "", word)
    if value == "~" or value.startswith(("~/", f"~{os.sep}")):
        return f"{option}{equals}{Path(value).expanduser()}"
    return word


def _way_on(words: Sequence[str]) -> str:
    """How to go on after Ctrl-C."""
    from vla_sim.cli.verbs import VERBS

    name = _said(words)[0] if words else ""
    if name not in VERBS:
        return "nothing was begun"
    typed = shlex.join(["vla-sim", *words])
    verb = VERBS[name]
    place = ""
    for word, after in zip(words, (*words[1:], ""), strict=True):
        option, _, said = word.partition("=")
        if option == "--out":
            place = _at_home(said or after)
    in_a_folder = bool(place) and not place.endswith(".json")
    if not verb.resumes or (verb.resumes_in and not in_a_folder):
        return f"nothing is left half-done; again: {typed}"
    if place and not (Path(place).is_dir() and any(Path(place).iterdir())):
        return f"nothing was begun; again: {typed}"
    return f"go on with: {typed if '--resume' in words else typed + ' --resume'}"


if __name__ == "__main__":
    sys.exit(main())
