"""Supervisor: asks each kind of supervision that is due, and nothing of the others."""

from collections.abc import Callable, Mapping
from functools import partial

import torch
from torch import Tensor

from vla_sim.align.batch import SegmentBatch
from vla_sim.align.supervision.asked import Asked
from vla_sim.align.supervision.balance import balance_lesson
from vla_sim.align.supervision.coherency import coherency_lesson
from vla_sim.align.supervision.config import SupervisionConfig
from vla_sim.align.supervision.masking import masking_lesson
from vla_sim.align.supervision.modality_dropout import modality_dropout_lesson
from vla_sim.align.supervision.paraphrase import paraphrase_lesson
from vla_sim.align.supervision.pseudo_labels import pseudo_label_lesson
from vla_sim.align.supervision.reachability import reachability_lesson
from vla_sim.align.supervision.sources import Sources
from vla_sim.align.supervision.taught import Lesson
from vla_sim.errors import BadConfig

Teach = Callable[[Asked], Lesson]
NEEDS = {
    "paraphrase": "somebody who says a meaning otherwise, Sources(reword=...)",
    "pseudo_labels": "somebody who says a meaning otherwise, Sources(reword=...)",
    "reachability": "a teacher that knows the limits of the robots, Sources(reach=...)",
}
"""Whom supervision asks, where it asks anybody."""


class Supervisor:
    """Knows what is due in a step; keeps nothing from one step to the next."""

    def __init__(self, config: SupervisionConfig, sources: Sources) -> None:
        """A supervisor.

        Raises:
            BadConfig: If something is switched on for which nobody can be asked.
        """
        self.config = config
        self._lessons = _lessons(config, sources)

    def band(self, batch: SegmentBatch, fraction: float) -> SegmentBatch:
        """Segments with the band of actions that is learnt from by now."""
        return self.config.band.narrowed(batch, fraction)

    def weights(self, n_steps: int, fraction: float) -> dict[str, float]:
        """{term: weight} of what counts in a step."""
        weights = {
            name: config.weight * config.every
            for name, config in self.config.of_terms.items()
            if config.weight > 0.0 and n_steps % config.every == 0
        }
        if "pseudo_labels" in weights:
            weights["pseudo_labels"] *= self.config.pseudo_labels.ramp(fraction)
        return {name: weight for name, weight in weights.items() if weight > 0.0}

    def wants_strips(self, n_steps: int) -> bool:
        """Whether a step would look at strips."""
        coherency = self.config.coherency
        return bool(coherency.steps_wanted) and n_steps % coherency.every == 0

    def lessons(
        self, asked: Asked, wanted: Mapping[str, float]
    ) -> tuple[dict[str, Tensor], dict[str, Tensor]]:
        """The terms that are wanted and could be taken, and what is only watched."""
        terms: dict[str, Tensor] = {}
        watched: dict[str, Tensor] = {}
        for name, teach in self._lessons.items():
            config = self.config.of_terms[name]
            watches = config.watches and asked.n_steps % config.every == 0
            if name not in wanted and not watches:
                continue
            if name in wanted:
                lesson = teach(asked)
            else:
                with torch.no_grad(), asked.undrawn():
                    lesson = teach(asked)
            watched |= lesson.watched
            if name in wanted and lesson.term is not None:
                terms[name] = lesson.term
        return terms, watched


def _lessons(config: SupervisionConfig, sources: Sources) -> dict[str, Teach]:
    """Each kind that is switched on, with whom it asks."""
    table: dict[str, Teach] = {
        "masking": partial(masking_lesson, config.masking),
        "modality_dropout": partial(modality_dropout_lesson, config.modality_dropout),
        "balance": partial(balance_lesson, config.balance),
        "coherency": partial(coherency_lesson, config.coherency),
    }
    if (reword := sources.reword) is not None:
        table["paraphrase"] = partial(paraphrase_lesson, config.paraphrase, reword=reword)
        table["pseudo_labels"] = partial(pseudo_label_lesson, config.pseudo_labels, reword=reword)
    if (reach := sources.reach) is not None:
        table["reachability"] = partial(reachability_lesson, config.reachability, teacher=reach)
    lessons: dict[str, Teach] = {}
    for name, own in config.of_terms.items():
        if own.weight == 0.0 and not own.watches:
            continue
        if name not in table:
            raise BadConfig(
                f"supervision.{name} is on and needs {NEEDS[name]}: give the trainer its sources"
            )
        lessons[name] = table[name]
    return lessons
