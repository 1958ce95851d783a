"""Protocol: all that has to be equal before two results may be compared."""

import hashlib
import json
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from difflib import SequenceMatcher

from vla_sim.errors import BadConfig, ProtocolMismatch
from vla_sim.eval.condition import Condition, digest_of
from vla_sim.records.episode import Arm, Episode
from vla_sim.records.episode_row import EpisodeRow
from vla_sim.records.instruction import LANGUAGES, Language
from vla_sim.records.manner import MANNERS, Manner
from vla_sim.records.reports import EvalReport
from vla_sim.records.shift import Shift

OWN_TASK = "task/"
"""Begins the lines of a run card that hold the settings of tasks of the user's own."""
_SETTING = re.compile(r", (?=\w+=)")
"""Between two settings in such a line."""


@dataclass(frozen=True, kw_only=True)
class Protocol:
    """How a model is measured. A change of any field is another protocol with another stamp."""

    name: str
    version: int = 1
    """Raised when code outside the fields changes what is measured."""
    tasks: tuple[str, ...]
    """Gymnasium ids, versions included."""
    first_seed: int
    n_episodes: int
    """Per task and arm: the seeds are first_seed, first_seed + 1, ..."""
    arms: tuple[Arm, ...] = ("correct",)
    languages: tuple[Language, ...] = ("en",)
    manners: tuple[Manner, ...] = ("normal",)
    horizon: str = "task"
    """Where the horizon comes from: "task" for the task's own, else seconds as text."""
    success: str = "success_at_end"
    """The reading of success that decides: "success_once" or "success_at_end"."""
    renderer: str
    """Id of the camera backend, with its version where pictures could differ."""
    engine: str
    """Id of the physics engine, e.g. "mujoco 4.0.0"."""
    image_size: tuple[int, int]
    """Height and width of the pictures that the policy sees [px]."""
    axis: str = ""
    """The domain axis along which the episodes leave the training distribution; empty for none."""
    severity: int = 0
    """How far; 0 is the training distribution."""
    n_instructions: int = 1
    """Given one after the other in an episode."""
    stopping: str = ""
    """By which rule episodes were stopped before `n_episodes`; empty where all of them are run."""
    conditions: str = ""
    """Digest of the condition set whose episodes are run, see `digest_of`; empty where they follow
    from the other fields. Of a set, `first_seed` is the lowest seed and `n_episodes` counts all."""
    metrics: int = 1
    """Version of the metrics, see `METRICS_VERSION`."""

    def __post_init__(self) -> None:
        """Refuse what could not be run.

        Raises:
            BadConfig: If a field is empty, repeated or out of range.
        """
        for what, values in (
            ("tasks", self.tasks),
            ("arms", self.arms),
            ("languages", self.languages),
            ("manners", self.manners),
        ):
            if not values or len(set(values)) != len(values):
                raise BadConfig(f"protocol {self.name!r}: {what} must be named once each: {values}")
        if self.n_episodes < 1 or self.first_seed < 0:
            raise BadConfig(f"protocol {self.name!r}: n_episodes >= 1 and first_seed >= 0, please")
        if self.success not in ("success_once", "success_at_end"):
            raise BadConfig(f"protocol {self.name!r}: no reading of success {self.success!r}")
        if unknown := set(self.languages) - set(LANGUAGES) | set(self.manners) - set(MANNERS):
            raise BadConfig(f"protocol {self.name!r}: unknown words {sorted(unknown)}")
        if (self.axis == "") != Shift(axis=self.axis, severity=self.severity).is_training:
            raise BadConfig(f"protocol {self.name!r}: axis {self.axis!r} with severity 0 is none")

    @property
    def seeds(self) -> range:
        """The seeds of every task and arm: fixed beforehand, so that all of them count.

        A condition set lists its own.
        """
        return range(self.first_seed, self.first_seed + self.n_episodes)

    @property
    def stamp(self) -> str:
        """Name, version and a hash of all fields, e.g. "spine-v1-3fa85f64c1"."""
        said = {name: value for name, value in asdict(self).items() if name not in self._unsaid}
        text = json.dumps(said, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
        return f"{self.name}-v{self.version}-{hashlib.sha256(text.encode()).hexdigest()[:10]}"

    @property
    def card(self) -> dict[str, str]:
        """The fields as lines of a run card: {"protocol/<field>": value as JSON}."""
        lines = {
            f"protocol/{field.name}": json.dumps(getattr(self, field.name), ensure_ascii=False)
            for field in fields(self)
            if field.name not in self._unsaid
        }
        return {"protocol": self.stamp, **lines}

    @property
    def _unsaid(self) -> tuple[str, ...]:
        """Fields that came later, at their defaults: the stamps of before stay as they are."""
        later = {"stopping": "", "conditions": "", "metrics": 1}
        return tuple(name for name, default in later.items() if getattr(self, name) == default)


def require_same(a: Protocol, b: Protocol) -> None:
    """Refuse to compare results that were measured differently.

    Raises:
        ProtocolMismatch: If a field differs; names each of them with both values.
    """
    _refuse(a.card, b.card, a.stamp, b.stamp)


def differences(a: Mapping[str, str], b: Mapping[str, str]) -> str:
    """What two run cards say differently of their protocols, each field with both values."""
    names = sorted(key for key in a.keys() | b.keys() if key.startswith("protocol/"))
    differing = [
        f"{key.removeprefix('protocol/')}: {a.get(key, 'unknown')} against {b.get(key, 'unknown')}"
        for key in names
        if a.get(key) != b.get(key)
    ]
    return "; ".join(differing) or "their run cards do not hold the fields"


def require_comparable(a: EvalReport, b: EvalReport) -> None:
    """Refuse to compare two reports that were measured differently.

    Raises:
        ProtocolMismatch: If the stamps differ, and names the fields where both run cards hold them;
            or if a task of the user's own had other settings under the same name.
    """
    if a.protocol != b.protocol:
        _refuse(a.run_card, b.run_card, a.protocol, b.protocol)
    require_same_tasks(a.protocol, a.run_card, b.run_card)


def require_goes_on(protocol: Protocol, reports: Iterable[EvalReport]) -> None:
    """Refuse to go on with a run whose reports were measured otherwise than the next would be.

    Raises:
        ProtocolMismatch: If the stamps differ; names each field with both values.
    """
    for report in reports:
        _refuse(report.run_card, protocol.card, report.protocol, protocol.stamp)


def require_same_tasks(stamp: str, a: Mapping[str, str], b: Mapping[str, str]) -> None:
    """Refuse to compare results whose tasks of the user's own had other settings.

    Args:
        stamp: Of their protocol, which names the tasks alone.
        a: The run card of the one.
        b: Of the other.

    Raises:
        ProtocolMismatch: If a task had other settings under the same name; it names those.
    """
    if told := own_tasks_apart(a, b):
        raise ProtocolMismatch(
            f"results of {stamp} cannot be compared, since {told}. Give settings that differ names "
            "that differ"
        )


def own_tasks_apart(was: Mapping[str, str], now: Mapping[str, str]) -> str:
    """The first task of the user's own of which two run cards hold other settings, in words.

    Args:
        was: The lines of the one card; a task that only one of the two has differs too.
        now: Of the other.

    Returns:
        The task and the settings that differ, with both values; empty where there is none.
    """
    for name in sorted(was.keys() | now.keys()):
        one, two = was.get(name, "unknown"), now.get(name, "unknown")
        if name.startswith(OWN_TASK) and one != two:
            return f"{name.removeprefix(OWN_TASK)} differs: {_apart(one, two)}"
    return ""


def _apart(was: str, now: str) -> str:
    """What two texts of settings do not share: a robot alone takes pages."""
    one, two = _SETTING.split(was), _SETTING.split(now)
    found = SequenceMatcher(None, one, two, autojunk=False).get_opcodes()
    return "; ".join(
        f"{', '.join(one[i:j]) or 'nothing'} against {', '.join(two[k:m]) or 'nothing'}"
        for kind, i, j, k, m in found
        if kind != "equal"
    )


def require_measured(protocol: Protocol, episodes: Iterable[Episode | EpisodeRow]) -> None:
    """Refuse to call episodes the result of a protocol that they were not run under.

    Where a rule stops a task's episodes, the first ones of each arm must be there.

    Raises:
        ProtocolMismatch: If an episode was planned otherwise or ran on something else, or if one
            that the protocol plans is missing.
    """
    ran = list(episodes)
    for episode in ran:
        spec, rig = episode.spec, episode.rig
        pairs: dict[str, tuple[object, object]] = {
            "image_size": (rig.image_size, protocol.image_size),
            "renderer": (rig.renderer, protocol.renderer),
            "engine": (rig.engine, protocol.engine),
            "axis": (spec.axis, protocol.axis),
            "severity": (spec.severity, protocol.severity),
            "n_instructions": (spec.n_instructions, protocol.n_instructions),
        }
        for name, (was, wanted) in pairs.items():
            if was != wanted:
                raise ProtocolMismatch(
                    f"an episode of {spec.task_id} ran with {name} {was!r}, and protocol "
                    f"{protocol.stamp} says {wanted!r}; vla_sim.evaluate keeps the two together"
                )
        if spec.manner not in protocol.manners or (
            not protocol.axis and spec.language not in protocol.languages
        ):
            raise ProtocolMismatch(
                f"an episode of {spec.task_id} was asked for {spec.manner} in {spec.language}, "
                f"which protocol {protocol.stamp} does not plan"
            )
    if protocol.conditions:
        _require_listed(protocol, ran)
        return
    done = sorted((e.spec.task_id, e.spec.arm, e.spec.seed) for e in ran)
    seeds = dict.fromkeys(protocol.tasks, protocol.seeds)
    if protocol.stopping:
        n_done = Counter(task_id for task_id, arm, _ in done if arm == protocol.arms[0])
        seeds = {t: protocol.seeds[: n_done[t]] for t in protocol.tasks}
    planned = sorted((t, a, s) for t in protocol.tasks for a in protocol.arms for s in seeds[t])
    if done != planned:
        wrong = set(done) ^ set(planned)
        example = f", for example {min(wrong)}" if wrong else ""
        raise ProtocolMismatch(
            f"protocol {protocol.stamp} plans {len(planned)} episodes, and {len(done)} were run; "
            f"{len(wrong)} differ{example}"
        )


def _require_listed(protocol: Protocol, ran: Sequence[Episode | EpisodeRow]) -> None:
    """See that these are the episodes of a protocol's condition set."""
    digest = digest_of([Condition.of(episode) for episode in ran])
    if digest != protocol.conditions:
        raise ProtocolMismatch(
            f"protocol {protocol.stamp} plans the {protocol.n_episodes} episodes of the condition "
            f"set {protocol.conditions}, and the {len(ran)} that were run are those of {digest}"
        )


def _refuse(a: Mapping[str, str], b: Mapping[str, str], stamp_a: str, stamp_b: str) -> None:
    if stamp_a == stamp_b:
        return
    raise ProtocolMismatch(
        f"results of {stamp_a} and {stamp_b} cannot be compared: {differences(a, b)}. "
        "Measure both under one protocol; `vla-sim protocol freeze` writes one to a file"
    )
