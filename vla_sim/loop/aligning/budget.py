"""The budget of a run: seconds of training, or updates."""

import time


class Budget:
    """Counts what is spent. In updates it is exact; in seconds it fits any machine."""

    def __init__(self, *, max_seconds: float | None, max_updates: int | None) -> None:
        self.max_seconds = max_seconds
        self.max_updates = max_updates
        self.n_updates = 0
        self._before_s = 0.0
        self._began = time.monotonic()
        self._last_fraction = 0.0
        self._round_fraction = 0.0
        self._finished = False

    @property
    def elapsed_s(self) -> float:
        """Time since training began, earlier parts of a resumed run included [s]."""
        return self._before_s + time.monotonic() - self._began

    @property
    def fraction(self) -> float:
        """Share of the budget that is spent, in [0, 1]."""
        if self.max_updates is not None:
            return min(self.n_updates / self.max_updates, 1.0)
        assert self.max_seconds is not None
        return min(self.elapsed_s / self.max_seconds, 1.0)

    @property
    def spent(self) -> bool:
        """Nothing is left."""
        return self._finished

    @property
    def ends_within_a_round(self) -> bool:
        """Another round like the last would use up the rest."""
        return self.fraction + self._round_fraction >= 1.0 and self.n_updates > 0

    def add(self, n_updates: int) -> None:
        """Count a round's updates."""
        self.n_updates += n_updates
        now = self.fraction
        self._round_fraction = now - self._last_fraction
        self._last_fraction = now

    def finish(self) -> None:
        """Declare the rest spent."""
        self._finished = True

    def state(self) -> dict[str, float]:
        """What a resumed run needs to know."""
        return {"n_updates": self.n_updates, "elapsed_s": self.elapsed_s}

    def load_state(self, state: dict[str, float]) -> None:
        """Go on from `state`."""
        self.n_updates = int(state["n_updates"])
        self._before_s = float(state["elapsed_s"])
        self._began = time.monotonic()
