"""Learnt numbers: one for each of some names, on the host, each with moments of its own."""

from collections.abc import Mapping

import torch
from torch import Tensor

MOMENTS = ("step", "exp_avg", "exp_avg_sq")


class LearntNumbers:
    """Numbers that Adam moves, without decay; those without a gradient stand still."""

    def __init__(self, *, learning_rate: float) -> None:
        self._numbers: dict[str, Tensor] = {}
        self._adam = torch.optim.Adam([torch.zeros(0)], lr=learning_rate)
        self._adam.param_groups[0]["params"] = []

    def __contains__(self, name: str) -> bool:
        return name in self._numbers

    def __getitem__(self, name: str) -> float:
        return float(self._numbers[name])

    def __setitem__(self, name: str, value: float) -> None:
        """Set a number; a new name joins."""
        if name in self._numbers:
            self._numbers[name].fill_(value)
            return
        number = torch.tensor(value, dtype=torch.float64)
        self._numbers[name] = number
        self._adam.param_groups[0]["params"].append(number)

    def all(self) -> dict[str, float]:
        """Every number by its name."""
        return {name: float(number) for name, number in self._numbers.items()}

    def step(self, gradient: Mapping[str, float]) -> None:
        """Move against a gradient."""
        for name, number in self._numbers.items():
            slope = gradient.get(name)
            number.grad = None if slope is None else torch.tensor(slope, dtype=torch.float64)
        self._adam.step()

    def state(self) -> dict[str, Tensor]:
        """Numbers and moments, copied."""
        state = {f"value.{name}": number.clone() for name, number in self._numbers.items()}
        for name, number in self._numbers.items():
            for key, moment in self._adam.state.get(number, {}).items():
                state[f"{key}.{name}"] = moment.detach().clone()
        return state

    def load_state(self, state: Mapping[str, Tensor]) -> None:
        """Take over the numbers and moments of another, and forget its own."""
        self._numbers.clear()
        self._adam.param_groups[0]["params"].clear()
        for key, value in state.items():
            what, _, name = key.partition(".")
            if what == "value":
                self[name] = float(value)
        self._adam.state.clear()
        for name, number in self._numbers.items():
            kept = {k: state[f"{k}.{name}"].clone() for k in MOMENTS if f"{k}.{name}" in state}
            if kept:
                self._adam.state[number] = kept
