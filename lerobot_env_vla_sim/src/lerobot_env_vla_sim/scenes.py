"""Which episode a seed stands for: the one that `vla-sim bench` runs under that seed."""

from dataclasses import dataclass

from vla_sim.envs.axes import asked_shift
from vla_sim.errors import UnknownName
from vla_sim.loop.evaluation import planned_spec
from vla_sim.ranges import some
from vla_sim.records.episode import EpisodeSpec
from vla_sim.records.instruction import LANGUAGES, Language
from vla_sim.records.shift import Shift


@dataclass(frozen=True, kw_only=True)
class Scenes:
    """Where and in which words a policy is evaluated.

    Raises:
        UnknownName: If there is no such language or axis.
        BadConfig: If no language is named, or an axis has no severity.
    """

    languages: tuple[Language, ...]
    """Languages of the instructions, as `vla-sim bench --languages`."""
    axis: str = ""
    """A domain axis along which all episodes leave the training distribution; empty for none."""
    severity: int = 0
    """How far along the axis: 1 to 3; 0 where no axis is named."""

    def __post_init__(self) -> None:
        some(languages=self.languages)
        for language in self.languages:
            if language not in LANGUAGES:
                raise UnknownName("language", language, LANGUAGES)
        asked_shift(self.axis, self.severity)

    def spec(self, task_id: str, seed: int) -> EpisodeSpec:
        """The episode of a seed: goal, manner and words follow from it.

        Raises:
            BadConfig: If the seed is no whole number or out of range.
        """
        shift = Shift(axis=self.axis, severity=self.severity)
        return planned_spec(task_id, seed, languages=self.languages, shift=shift)
