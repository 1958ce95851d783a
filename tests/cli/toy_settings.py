"""Settings of a verb that there is not, and the one line that a refusal is."""

from dataclasses import dataclass, field

import pytest

from vla_sim.errors import BadConfig

Capture = pytest.CaptureFixture[str]


@dataclass(frozen=True, kw_only=True)
class Inner:
    size: int = 4

    def __post_init__(self) -> None:
        if self.size < 1:
            raise BadConfig(f"size is {self.size}; use 1 or more")


@dataclass(frozen=True, kw_only=True)
class Outer:
    n_slots: int = 2
    inner: Inner = field(default_factory=Inner)


def said_error(capture: Capture) -> str:
    """The one line on stderr."""
    out, err = capture.readouterr()
    assert not out
    assert err.startswith("error: ")
    assert err.count("\n") == 1
    return err
