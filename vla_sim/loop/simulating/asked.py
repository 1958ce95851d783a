"""Simulators behind questions: ask, do something else, and fetch the answer when it is needed.

One question is in flight at a time, and what the answer is depends on the questions alone: not on
timing, and not on where the simulators run.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Self

from vla_sim.errors import BadConfig
from vla_sim.loop.choice import Choice
from vla_sim.loop.simulating.simulators import Harvest, Simulators
from vla_sim.protocols.chunk_model import ChunkModel
from vla_sim.records.episode import Episode, EpisodeSpec
from vla_sim.records.triple import Rows

Plan = Mapping[str, Sequence[EpisodeSpec]]


class AskedSimulators(ABC):
    """One `Simulators`, wherever it runs; a context that ends it."""

    def __init__(self) -> None:
        self._waiting = False
        self._n_shown = 0

    def ask_collect(self, weights: Path | None, *, expert_share: float, n_rows: int) -> None:
        """Ask for `n_rows` step triples per task; None: the experts act alone."""
        details = {"weights": weights, "expert_share": expert_share, "n_rows": n_rows}
        self.ask("collect", details)

    def ask_evaluate(self, policy: str | Choice, plan: Plan) -> None:
        """Ask for the planned episodes with a policy, named as `policy_of` takes it."""
        self.ask("evaluate", {"policy": policy, "plan": plan})

    def ask_gallery(self, plan: Plan) -> None:
        """Ask for segment triples of the experts' planned episodes."""
        self.ask("gallery", {"plan": plan})
        self._n_shown = sum(map(len, plan.values()))

    def harvest(self) -> Harvest:
        """The answer to `ask_collect`."""
        answer = self.answer()
        assert isinstance(answer, Harvest)
        return answer

    def episodes(self) -> list[Episode]:
        """The answer to `ask_evaluate`."""
        answer: list[Episode] = self.answer()
        return answer

    def rows(self) -> Rows:
        """The answer to `ask_gallery`.

        Raises:
            BadConfig: If no episode succeeded, so that there is nothing to retrieve.
        """
        answer: Rows | None = self.answer()
        if answer is None:
            raise BadConfig(
                f"none of the gallery's {self._n_shown} episodes succeeded; use a larger gallery"
            )
        return answer

    @abstractmethod
    def ready(self, timeout_s: float) -> bool:
        """Whether fetching the answer is worth while now, or within the time."""

    @abstractmethod
    def close(self) -> None:
        """End the simulators."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def ask(self, verb: str, details: dict[str, Any]) -> None:
        """Ask a question by the name of a method of `Simulators`, with its arguments."""
        assert not self._waiting, "an answer is still to be fetched"
        self._take(verb, details)
        self._waiting = True

    def answer(self) -> Any:
        """The answer to the last question, or the error that it met."""
        assert self._waiting, "nothing was asked"
        self._waiting = False
        return self._give()

    @abstractmethod
    def _take(self, verb: str, details: dict[str, Any]) -> None:
        """Take a question."""

    @abstractmethod
    def _give(self) -> Any:
        """Give the answer to the last question, or raise what it raised."""


def answer(simulators: Simulators, verb: str, details: dict[str, Any]) -> object:
    """What the simulators answer to a question."""
    verbs: dict[str, Callable[..., object]] = {
        "collect": simulators.collect,
        "evaluate": simulators.evaluate,
        "gallery": simulators.gallery,
    }
    if verb == "collect":
        details = dict(details)
        details["model"] = _model(details.pop("weights"))
    return verbs[verb](**details)


def _model(weights: Path | None) -> ChunkModel | None:
    if weights is None:
        return None
    # Here, so that simulators that only run experts do without torch.
    from vla_sim.loop.learned import LearnedModel

    return LearnedModel.load(weights)
