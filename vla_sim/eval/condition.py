"""Condition: one episode of an explicit list, with the words that it is about."""

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Self

from vla_sim.records.episode import Episode, EpisodeSpec
from vla_sim.records.episode_row import EpisodeRow

_DIGITS = 16
"""Of a digest, as files and protocols hold it."""


@dataclass(frozen=True, kw_only=True)
class Condition:
    """One episode: all that determines it beside the policy, and the sentence that follows.

    The sentence is no choice: it follows from the spec and from the grammar of the task's version.
    It stands here so that a list can be read without this package, and so that a grammar that says
    it otherwise is noticed.

    Attributes:
        spec: What is planned.
        instruction: The true instruction, of a chain the first.
    """

    spec: EpisodeSpec
    instruction: str

    @classmethod
    def of(cls, ran: Episode | EpisodeRow) -> Self:
        """The condition under which an episode was run."""
        text = ran.text if isinstance(ran, EpisodeRow) else ran.instruction.text
        return cls(spec=ran.spec, instruction=text)

    @property
    def plain(self) -> dict[str, Any]:
        """Names and values, as a file holds them; the names are those of a result's columns."""
        spec = self.spec
        return {
            "task": spec.task_id,
            "seed": spec.seed,
            "goal": spec.goal,
            "instruction": self.instruction,
            "language": spec.language,
            "manner": spec.manner,
            "split": spec.split,
            "arm": spec.arm,
            "axis": spec.axis,
            "severity": spec.severity,
            "n_instructions": spec.n_instructions,
        }


def digest_of(conditions: Iterable[Condition]) -> str:
    """A short text that any change of any episode changes; their order does not."""
    lines = sorted(json.dumps(condition.plain, sort_keys=True) for condition in conditions)
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()[:_DIGITS]
