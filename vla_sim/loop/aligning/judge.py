"""The judge: from one evaluation to a report, and from all of them to a decision."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Protocol as Role

import numpy as np
from numpy.typing import NDArray

from vla_sim.envs.language.codes import decode
from vla_sim.envs.language.grammar import say
from vla_sim.envs.streams import stream
from vla_sim.envs.task_table import TaskTable
from vla_sim.eval.aggregate import eval_report
from vla_sim.eval.body import Body
from vla_sim.eval.information import information_bounds
from vla_sim.eval.protocol import Protocol
from vla_sim.eval.retrieval import retrieval_report
from vla_sim.eval.stopping import StoppingConfig, decide
from vla_sim.records.episode import Episode
from vla_sim.records.instruction import LANGUAGES
from vla_sim.records.reports import EvalReport, RetrievalReport, StopDecision
from vla_sim.records.triple import Rows

Floats = NDArray[np.float32]


class Embedder(Role):
    """Three towers, in numpy: unit vectors."""

    @property
    def inverse_temperature(self) -> Mapping[str, float]:
        """{pair, "vl", "la" or "va": what its cosines are multiplied by}."""
        ...

    def embed_clips(self, rows: Rows) -> Floats:
        """(N, d) of segment triples."""
        ...

    def embed_texts(self, texts: Sequence[str]) -> Floats:
        """(N, d) of sentences."""
        ...

    def embed_actions(self, rows: Rows, table: TaskTable) -> Floats:
        """(N, d) of segment triples whose tasks are counted by a table."""
        ...


def gallery_texts(rows: Rows, *, telling: int = 0) -> list[str]:
    """One seen paraphrase for each segment of a gallery, the same at every call.

    Args:
        rows: The segments.
        telling: Another number gives other words.
    """
    rng = stream("gallery", telling, "words")
    texts = []
    for row, meaning in enumerate(rows["meaning"].tolist()):
        language = LANGUAGES[(row + telling) % len(LANGUAGES)]
        texts.append(say(decode(meaning), language=language, split="seen", rng=rng).text)
    return texts


def embeddings(
    model: Embedder, rows: Rows, texts: Sequence[str], table: TaskTable
) -> dict[str, Floats]:
    """What a model makes of segments, whose tasks a table counts: {"V", "L", "A": (N, d)}."""
    return {
        "V": model.embed_clips(rows),
        "L": model.embed_texts(texts),
        "A": model.embed_actions(rows, table),
    }


def retrieve(model: Embedder, gallery: Rows, table: TaskTable) -> RetrievalReport:
    """Retrieval in all directions over a gallery of segments, whose tasks a table counts.

    Beside it stands what the pairs are shown to say of each other.
    """
    embedded = embeddings(model, gallery, gallery_texts(gallery), table)
    return retrieved(embedded, gallery, model.inverse_temperature)


def retrieved(
    embedded: Mapping[str, Floats], gallery: Rows, inverse_temperature: Mapping[str, float]
) -> RetrievalReport:
    """The same of embeddings that are there already."""
    meaning = np.asarray(gallery["meaning"], dtype=np.int64)
    found = retrieval_report(embedded, meaning)
    rng = stream("gallery", 0, "pairs")
    bounds = information_bounds(embedded, meaning, inverse_temperature, rng)
    return replace(found, information=bounds)


@dataclass(kw_only=True)
class Judge:
    """Keeps the reports of one run and decides on each of them."""

    protocol: Protocol
    bodies: dict[str, Body]
    stopping: StoppingConfig
    gallery: Rows
    table: TaskTable
    history: list[EvalReport] = field(default_factory=list)
    decisions: list[StopDecision] = field(default_factory=list)
    embedded: dict[str, Floats] = field(default_factory=dict)
    """What the newest model made of the gallery."""

    @property
    def says_stop(self) -> bool:
        """The newest decision ends the run."""
        return bool(self.decisions) and self.decisions[-1].stop

    def has_seen(self, step: int) -> bool:
        """The newest report is of the model after so many updates."""
        return bool(self.history) and self.history[-1].step == step

    def judge(
        self, model: Embedder, episodes: Sequence[Episode], *, step: int, elapsed_s: float
    ) -> tuple[EvalReport, StopDecision]:
        """Report on a model and decide."""
        self.embedded = embeddings(model, self.gallery, gallery_texts(self.gallery), self.table)
        report = eval_report(
            episodes,
            self.bodies,
            protocol=self.protocol,
            step=step,
            elapsed_s=elapsed_s,
            retrieval=retrieved(self.embedded, self.gallery, model.inverse_temperature),
            run_card=self.protocol.card,
        )
        self.history.append(report)
        decision = decide(self.history, self.stopping)
        self.decisions.append(decision)
        return report, decision
