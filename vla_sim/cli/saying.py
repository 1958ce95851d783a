"""Saying: plain lines for people, on any terminal."""

import io
import shlex
import sys

from rich.console import Console

TAUGHT = "\nby a teacher, which is given the true state and goal"
"""Below the title of what was measured of somebody who knew the answer."""


def tell(console: Console, line: str) -> None:
    """A line as it is: brackets are no markup, and paths are not broken."""
    console.print(line, highlight=False, markup=False, soft_wrap=True)


def typed(*words: object) -> str:
    """A command as a shell takes it: paths with blanks in them stand in quotes."""
    return shlex.join(map(str, ("vla-sim", *words)))


def speak_any_alphabet() -> None:
    """Write letters that the terminal's encoding lacks as escapes, rather than fail over them."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
