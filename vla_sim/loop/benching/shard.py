"""Shard: one of n equal shares of a protocol's episodes, so that several machines measure it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Self

from vla_sim.errors import BadConfig
from vla_sim.records.episode import EpisodeSpec

MOST_SHARDS = 1_000
_ALLOWED = f"use K/N with 1 <= K <= N <= {MOST_SHARDS}, for example 2/8"


def _is_one(k: int, n: int) -> bool:
    return 1 <= k <= n <= MOST_SHARDS


@dataclass(frozen=True, kw_only=True, order=True)
class Shard:
    """Share `k` of `n`, counted from 1."""

    k: int
    n: int

    def __post_init__(self) -> None:
        if not _is_one(self.k, self.n):
            raise BadConfig(f"shard is {self}; {_ALLOWED}")

    def __str__(self) -> str:
        return f"{self.k}/{self.n}"

    @classmethod
    def read(cls, text: str, *, name: str = "shard") -> Self:
        """A shard as it is typed: "2/8"; errors call it by the name of the setting.

        Raises:
            BadConfig: If it is none.
        """
        k, slash, n = text.partition("/")
        if not (slash and k.isdecimal() and n.isdecimal()):
            raise BadConfig(f"{name} is {text!r}; use K/N, for example 2/8")
        if not _is_one(int(k), int(n)):
            raise BadConfig(f"{name} is {text}; {_ALLOWED}")
        return cls(k=int(k), n=int(n))

    def of(self, plan: Mapping[str, Sequence[EpisodeSpec]]) -> dict[str, list[EpisodeSpec]]:
        """Its share of a plan: every n-th episode, counted through all tasks."""
        share: dict[str, list[EpisodeSpec]] = {}
        place = 0
        for task_id, specs in plan.items():
            mine = [s for i, s in enumerate(specs, start=place) if i % self.n == self.k - 1]
            place += len(specs)
            if mine:
                share[task_id] = mine
        return share
