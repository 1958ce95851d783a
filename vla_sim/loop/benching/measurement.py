"""Measurement: a protocol, the crank that runs it and its episodes, from one description.

A crank that somebody sets up beside a protocol can be another than the protocol says. Here both
follow from the same fields, and `report_of` refuses episodes that ran on anything else.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

from vla_sim.envs.axes import asked_shift
from vla_sim.envs.crank import CrankConfig, crank_config_for
from vla_sim.envs.language.arms import ARMS
from vla_sim.envs.tasks import check_engines
from vla_sim.errors import UnknownName
from vla_sim.eval.aggregate import report_of
from vla_sim.eval.body import Body
from vla_sim.eval.condition import Condition, digest_of
from vla_sim.eval.protocol import Protocol
from vla_sim.eval.rows import rows_of
from vla_sim.eval.run_card import run_card
from vla_sim.loop.evaluation import bodies, make_protocol, planned
from vla_sim.records.episode import Arm, Episode, EpisodeSpec
from vla_sim.records.instruction import Language
from vla_sim.records.manner import MANNERS
from vla_sim.records.reports import EvalReport
from vla_sim.records.shift import Shift


@dataclass(frozen=True, kw_only=True)
class Measurement:
    """What is measured, whoever acts."""

    task_ids: tuple[str, ...]
    first_seed: int
    n_episodes: int
    """Per task and arm."""
    arms: tuple[Arm, ...]
    languages: tuple[Language, ...]
    shift: Shift
    n_instructions: int
    base: CrankConfig
    """The crank in training conditions; the axis may change it."""
    stopping: str = ""
    """The rule by which fewer episodes may be run; see `Protocol`."""
    conditions: tuple[Condition, ...] = ()
    """The episodes, where they are listed and do not follow from the fields above."""

    def check(self) -> None:
        """Refuse what cannot be measured, before anything is made.

        Raises:
            UnknownName: If there is no such arm or axis.
            BadConfig: If an axis is named without a severity, or an engine cannot run a task.
        """
        for arm in self.arms:
            if arm not in ARMS:
                raise UnknownName("arm", arm, ARMS)
        asked_shift(self.shift.axis, self.shift.severity)
        check_engines(self.task_ids, self.crank.engine)

    @property
    def crank(self) -> CrankConfig:
        """What its episodes run on."""
        return crank_config_for(self.shift, self.base)

    @cached_property
    def protocol(self) -> Protocol:
        """How it is measured, with its stamp.

        Raises:
            RenderBackendError: If the renderer does not work here.
            BadConfig: If the engine is not installed, or a field is empty or repeated.
        """
        protocol = make_protocol(
            "bench",
            tasks=self.task_ids,
            first_seed=self.first_seed,
            n_episodes=self.n_episodes,
            arms=self.arms,
            languages=self.languages,
            crank=self.base,
            shift=self.shift,
            n_instructions=self.n_instructions,
        )
        if self.conditions:
            manners = {condition.spec.manner for condition in self.conditions}
            protocol = replace(
                protocol,
                manners=tuple(manner for manner in MANNERS if manner in manners),
                conditions=digest_of(self.conditions),
            )
        return replace(protocol, stopping=self.stopping)

    @property
    def plan(self) -> dict[str, list[EpisodeSpec]]:
        """Its episodes by task."""
        if not self.conditions:
            return planned(self.protocol)
        plan: dict[str, list[EpisodeSpec]] = {task_id: [] for task_id in self.task_ids}
        for condition in self.conditions:
            plan[condition.spec.task_id].append(condition.spec)
        return plan

    @cached_property
    def bodies(self) -> dict[str, Body]:
        """What the metrics have to know of each task's robot."""
        return bodies(self.task_ids)

    def card(self, policy: str) -> dict[str, str]:
        """Provenance of a result, see `run_card`."""
        return run_card(protocol=self.protocol, extra={"policy": policy})

    def report(self, episodes: Sequence[Episode], *, policy: str) -> EvalReport:
        """What came of it.

        Raises:
            ProtocolMismatch: If these are not its episodes, or they ran on something else.
        """
        return report_of(
            rows_of(episodes, self.bodies), protocol=self.protocol, run_card=self.card(policy)
        )
