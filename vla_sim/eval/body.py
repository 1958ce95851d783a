"""Body: what a metric has to know of the robot that moved."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from vla_sim.eval.comfort import ArmComfort, CarComfort, Comfort
from vla_sim.records.embodiment import Embodiment
from vla_sim.records.episode import Episode
from vla_sim.records.manner import Manner, MannerProfile


@dataclass(frozen=True, kw_only=True)
class Body:
    """Limits, manners and comfort bounds of one robot; the same numbers that its priors use."""

    embodiment: Embodiment
    manners: Mapping[Manner, MannerProfile]
    comfort: Comfort = field(default_factory=ArmComfort)

    def profile(self, episode: Episode) -> MannerProfile:
        """What the episode's true manner asks of this body."""
        return self.manners[episode.instruction.meaning.manner]


def body_of(embodiment: Embodiment, manners: Mapping[Manner, MannerProfile]) -> Body:
    """The body of a robot; whatever is steered by a curvature [1/m] is judged as a vehicle."""
    steered = any(group.unit == "1/m" for group in embodiment.action)
    comfort: Comfort = CarComfort() if steered else ArmComfort()
    return Body(embodiment=embodiment, manners=manners, comfort=comfort)
