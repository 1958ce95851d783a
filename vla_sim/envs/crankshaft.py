"""The crankshaft: several cranks of one robot turned together, n slots over all of them.

A slot is a row of every crank: it runs an episode in one of them and rests in the others, where it
costs no physics. With one crank it is that crank.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from vla_sim.envs.crank import Crank
from vla_sim.envs.step_result import StepResult
from vla_sim.errors import BadConfig
from vla_sim.ranges import some
from vla_sim.records.episode import EpisodeSpec
from vla_sim.records.observation import PICTURE, Observation, PolicyInput

Ids = NDArray[np.int64]
Part = tuple[Ids, StepResult]
"""Slots, and the result of the crank that they are in."""


@dataclass(frozen=True, kw_only=True)
class MixedInput(PolicyInput):
    """What slots in several tasks of one robot are given; `task_id` names all of these.

    Attributes:
        of_row: The task of each row.
    """

    of_row: Sequence[str]

    @property
    def task_ids(self) -> Sequence[str]:
        """The task of each row."""
        return self.of_row

    def take(self, rows: Ids) -> Self:
        """The input of some rows only, by their places in this one."""
        taken = super().take(rows)
        of_row = [self.of_row[place] for place in rows.tolist()]
        return replace(taken, of_row=of_row)


class Crankshaft:
    """Turns cranks of one robot as one.

    Attributes:
        cranks: One for each task.
        task_ids: These tasks, in the same order.
        place: int64 (n,), in which of them each slot runs its episode.
    """

    def __init__(self, cranks: Sequence[Crank]) -> None:
        """Take over cranks.

        Raises:
            BadConfig: If there is none, or they have different robots, settings or numbers of
                slots.
        """
        some(cranks=cranks)
        first = cranks[0]
        for other in cranks[1:]:
            if other.embodiment != first.embodiment:
                raise BadConfig(
                    f"{first.task_id} has the robot {first.embodiment.name!r} and {other.task_id} "
                    f"{other.embodiment.name!r}: tasks that are turned together have one robot"
                )
            if (other.n, other.config) != (first.n, first.config):
                raise BadConfig(
                    f"{first.task_id} has {first.n} slots of {first.config} and {other.task_id} "
                    f"{other.n} of {other.config}: give all the same"
                )
        self.cranks = tuple(cranks)
        self.task_ids = tuple(crank.task_id for crank in cranks)
        self.n = first.n
        self.config = first.config
        self.embodiment = first.embodiment
        self.place = np.zeros(self.n, dtype=np.int64)
        self._is_settled = [len(cranks) == 1] * len(cranks)

    def parts(self, slots: Ids) -> Iterator[tuple[Crank, Ids]]:
        """The cranks that some slots are in now, each with its own of them."""
        for k, crank in enumerate(self.cranks):
            mine = slots[self.place[slots] == k]
            if len(mine):
                yield crank, mine

    def start(self, slots: Ids, specs: Sequence[EpisodeSpec]) -> None:
        """Begin an episode in each of the slots, in the crank of its task.

        Raises:
            BadConfig: If a task is another, or a spec cannot be run.
            UnknownName: If there is no such axis.
        """
        for spec in specs:
            if spec.task_id not in self.task_ids:
                raise BadConfig(
                    f"an episode of {spec.task_id} was given to {', '.join(self.task_ids)}"
                )
        places = np.array([self.task_ids.index(spec.task_id) for spec in specs], dtype=np.int64)
        for k, crank in enumerate(self.cranks):
            chosen = np.flatnonzero(places == k)
            if not len(chosen):
                crank.rest(slots)
                continue
            self._settle(k, specs[int(chosen[0])])
            crank.rest(np.setdiff1d(slots, slots[chosen]))
            crank.start(slots[chosen], [specs[row] for row in chosen.tolist()])
        self.place[slots] = places

    def step(self, actions: NDArray[np.float32]) -> StepResult:
        """Advance every slot by one control step, see `Crank.step`.

        A reward term or a violation that a slot's task does not have is zero there.

        Raises:
            BadAction: If the shape is wrong, or a value is not finite.
        """
        everyone = np.arange(self.n)
        found = [(mine, crank.step(actions)) for crank, mine in self.parts(everyone)]
        return found[0][1] if len(self.cranks) == 1 else _merged(found, self.n)

    def told(self, slots: Ids) -> PolicyInput:
        """What a policy is given of some slots, pictures with it."""
        told = [crank.told(mine, crank.observe(mine)) for crank, mine in self.parts(slots)]
        if len(told) == 1:
            return told[0]
        in_order = np.argsort(np.concatenate([each.row for each in told]), kind="stable")
        back = np.empty_like(in_order)
        back[np.argsort(slots, kind="stable")] = in_order
        return _joined(told).take(back)

    def seed(self, slots: Ids) -> Ids:
        """The seeds of the episodes of some slots, (m,)."""
        seeds = np.stack([crank.seed for crank in self.cranks])
        found: Ids = seeds[self.place[slots], slots]
        return found

    def _settle(self, k: int, example: EpisodeSpec) -> None:
        """Give all rows of a crank a sound scene once: a model's bare default is none."""
        if not self._is_settled[k]:
            everyone = np.arange(self.n)
            self.cranks[k].start(everyone, [example] * self.n)
            self.cranks[k].rest(everyone[self.place != k])
            self._is_settled[k] = True


def _joined(told: Sequence[PolicyInput]) -> MixedInput:
    """Rows of several tasks, one after the other."""
    seen = [each.observation for each in told]
    joints = [each.joints for each in seen if each.joints is not None]
    tools = [each.tool for each in seen if each.tool is not None]
    return MixedInput(
        observation=Observation(
            images={PICTURE: np.concatenate([next(iter(e.images.values())) for e in seen])},
            proprio=np.concatenate([each.proprio for each in seen]),
            time_s=np.concatenate([each.time_s for each in seen]),
            joints=np.concatenate(joints) if joints else None,
            tool=np.concatenate(tools) if tools else None,
        ),
        instructions=[said for each in told for said in each.instructions],
        task_id=", ".join(each.task_id for each in told),
        embodiment=told[0].embodiment,
        row=np.concatenate([each.row for each in told]),
        step=np.concatenate([each.step for each in told]),
        own_seed=np.concatenate([each.own_seed for each in told]),
        of_row=[each.task_id for each in told for _ in range(len(each))],
    )


def _merged(parts: Sequence[Part], n: int) -> StepResult:
    """The results of several cranks as one, each for its slots."""
    changes = [(mine, each.shield_change) for mine, each in parts if each.shield_change is not None]
    return StepResult(
        reward=_rows([(mine, each.reward) for mine, each in parts], n),
        reward_terms=_tables([(mine, each.reward_terms) for mine, each in parts], n),
        success=_rows([(mine, each.success) for mine, each in parts], n),
        terminated=_rows([(mine, each.terminated) for mine, each in parts], n),
        truncated=_rows([(mine, each.truncated) for mine, each in parts], n),
        diverged=_rows([(mine, each.diverged) for mine, each in parts], n),
        next_asked=_rows([(mine, each.next_asked) for mine, each in parts], n),
        violations=_tables([(mine, each.violations) for mine, each in parts], n),
        shield_change=_rows(changes, n) if changes else None,
    )


def _rows(parts: Sequence[tuple[Ids, NDArray[Any]]], n: int) -> NDArray[Any]:
    """(n,), of each part the rows that are its own; zeros where nobody's are."""
    out = np.zeros(n, dtype=parts[0][1].dtype)
    for mine, values in parts:
        out[mine] = values[mine]
    return out


def _tables(parts: Sequence[tuple[Ids, Mapping[str, NDArray[Any]]]], n: int) -> dict[str, Any]:
    """{name: (n,)} for the names of all parts."""
    names = dict.fromkeys(name for _, table in parts for name in table)
    return {
        name: _rows([(mine, table[name]) for mine, table in parts if name in table], n)
        for name in names
    }
