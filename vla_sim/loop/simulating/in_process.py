"""Simulators in the calling process: for notebooks, debuggers, and studies that fill the cores."""

from typing import Any

from vla_sim.loop.simulating.asked import AskedSimulators, answer
from vla_sim.loop.simulating.simulators import Simulators, SimulatorsConfig


class SimulatorsHere(AskedSimulators):
    """Answers when the answer is fetched; the same answers as `SimulatorProcess`, to the bit."""

    def __init__(self, config: SimulatorsConfig, *, seed: int = 0) -> None:
        super().__init__()
        self._simulators = Simulators(config, seed=seed)
        self._question: tuple[str, dict[str, Any]] = "", {}

    def ready(self, timeout_s: float) -> bool:
        """Always: nothing goes on until the answer is fetched."""
        del timeout_s
        return True

    def close(self) -> None:
        """Nothing to end."""

    def _take(self, verb: str, details: dict[str, Any]) -> None:
        self._question = verb, details

    def _give(self) -> Any:
        return answer(self._simulators, *self._question)
