"""Rehearsal: what the decoder alone is taught, on many more states and without pictures.

Legend: B pictures, G goals a picture, K chunk steps, A action components,
X = B * G sentences, D text.
"""

from collections.abc import Mapping, Sequence

from torch import Generator, Tensor

from vla_sim.align.batch import StepBatch
from vla_sim.align.crew import ALONE, Crew
from vla_sim.align.forcing import Forcing
from vla_sim.align.model import AlignModel
from vla_sim.align.objective import rehearsed
from vla_sim.align.priors import PRIORS, prior_terms

TEXTS_KEPT_FOR = 100
"""Steps for which a rehearsal's sentence features are kept while words are still learnt: to encode
its thousand sentences anew in every step would cost more than all the rest."""


class Rehearsal:
    """Adds behaviour and the priors of a rehearsal to a step's terms."""

    def __init__(
        self, model: AlignModel, forcing: Forcing, generator: Generator, crew: Crew = ALONE
    ) -> None:
        self.model = model
        self.forcing = forcing
        self.generator = generator
        self.crew = crew

    def texts(self, texts: Sequence[Sequence[str]], *, n_steps: int) -> Tensor:
        """Features of sentences, a row each, made anew every so many steps.

        Args:
            texts: B lists of G sentences.
            n_steps: Updates that were made before.
        """
        if self.model.learns_words and n_steps % TEXTS_KEPT_FOR == 0:
            self.model.forget_texts()
        return self.model.kept_texts([text for row in texts for text in row]).float()

    def add(
        self,
        batch: StepBatch,
        text_XD: Tensor,
        wanted: Mapping[str, float],
        terms: dict[str, Tensor],
        watched: dict[str, Tensor],
    ) -> None:
        """Add what B moments teach to the terms, and to what is only watched.

        Args:
            batch: B moments with G goals each.
            text_XD: Features of their B * G sentences.
            wanted: {term: weight}.
            terms: Losses so far.
            watched: What is only watched so far.
        """
        text_BGD = text_XD.view(*batch.weight_BG.shape, -1)
        terms["rehearsal"], chunk_BGKA = rehearsed(
            self.model,
            batch,
            text_BGD[self.crew.own(len(text_BGD))],
            noise_BQ=self.forcing.noise(batch),
            generator=self.generator,
            crew=self.crew,
        )
        if any(name in wanted for name in PRIORS):
            priors, watched["rehearsed_rows_beyond"] = prior_terms(
                self.model, batch, chunk_BGKA, wanted
            )
            for name, prior in priors.items():
                terms[name] = terms[name] + prior if name in terms else prior
