"""The budget of a run: so many steps of training, and how long they took."""

import time

from vla_sim.errors import BadConfig


class Budget:
    """Counts what is spent, exactly: what is learnt follows from the steps, never from the clock.

    A cap in seconds may cut the budget short on a slow machine; it changes no step that is made.
    """

    def __init__(self, n_steps: int, *, max_seconds: float | None = None) -> None:
        """A budget of which nothing is spent.

        Args:
            n_steps: Steps of training, of whatever kind.
            max_seconds: Time after which no further step is begun; None for no cap.

        Raises:
            BadConfig: If there is nothing to spend.
        """
        if n_steps < 1:
            raise BadConfig(f"a budget of {n_steps} steps is none; use 1 or more")
        if max_seconds is not None and not max_seconds > 0.0:
            raise BadConfig(f"a cap of {max_seconds} s leaves no time; use more than 0, or no cap")
        self.n_steps = n_steps
        self.max_seconds = max_seconds
        self.n_spent = 0
        self._before_s = 0.0
        self._began = time.monotonic()

    def begin(self) -> None:
        """Let the time that training takes run from now; before, it runs from the start."""
        self._began = time.monotonic()

    @property
    def elapsed_s(self) -> float:
        """Time since training began, earlier parts of a resumed run included [s]."""
        return self._before_s + time.monotonic() - self._began

    @property
    def fraction(self) -> float:
        """Share of the steps that is spent, in [0, 1]."""
        return min(self.n_spent / self.n_steps, 1.0)

    @property
    def left(self) -> int:
        """Steps that may still be made; none once the cap is reached."""
        return 0 if self.out_of_time else max(self.n_steps - self.n_spent, 0)

    @property
    def out_of_time(self) -> bool:
        """The cap is reached."""
        return self.max_seconds is not None and self.elapsed_s >= self.max_seconds

    @property
    def cut(self) -> str:
        """What the cap cut off, in words; empty where it cut nothing."""
        if not self.out_of_time or self.n_spent >= self.n_steps:
            return ""
        return (
            f"the cap of {self.max_seconds:g} s ended training after {self.n_spent} of "
            f"{self.n_steps} steps: the result is that of this machine, not of the recipe"
        )

    def spend(self, n_steps: int) -> None:
        """Count steps that were made."""
        self.n_spent += n_steps

    def state(self) -> dict[str, float]:
        """What a resumed run needs to know."""
        return {"n_spent": self.n_spent, "elapsed_s": self.elapsed_s}

    def load_state(self, state: dict[str, float]) -> None:
        """Go on from `state`."""
        self.n_spent = int(state["n_spent"])
        self._before_s = float(state["elapsed_s"])
        self.begin()
