"""One step of learning after another.

Legend: B pictures, G goals a picture, N segments, F pictures a clip, S cells, C channels, D text.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import asdict, dataclass
from itertools import islice
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from vla_sim.align.batch import (
    SegmentBatch,
    StepBatch,
    check_goals,
    check_segments,
    check_texts,
    moved,
)
from vla_sim.align.body import Body
from vla_sim.align.crew import ALONE, Crew, whole_of
from vla_sim.align.curriculum import CurriculumState, advance
from vla_sim.align.encoders.tokenizer import Tokenizer
from vla_sim.align.eye_error import EyeError
from vla_sim.align.gradient_cache import GradientCache
from vla_sim.align.losses.temperature import clamp_temperature
from vla_sim.align.objective import (
    GROUPS,
    LossReport,
    asks_for_actions,
    noisy_aims,
    policy_terms,
    rehearsed,
    segment_terms,
)
from vla_sim.align.optimiser import Optimiser
from vla_sim.align.own_losses import load_losses, own_terms
from vla_sim.align.priors import PRIORS, prior_terms
from vla_sim.align.segment_vectors import SegmentVectors, segment_vectors
from vla_sim.align.share import Share
from vla_sim.align.surgery import backward_with_surgery
from vla_sim.align.towers import Towers
from vla_sim.align.trainer_config import TrainerConfig
from vla_sim.errors import BadConfig, DamagedFile, LossNotFinite
from vla_sim.records.reports import Recall
from vla_sim.records.triple import N_QUERIES, SegmentTriples, StepTriples

TEXTS_KEPT_FOR = 100
"""Steps for which a rehearsal's sentence features are kept while words are still learnt: to encode
its thousand sentences anew in every step would cost more than all the rest."""


@dataclass(frozen=True, kw_only=True)
class TrainerState:
    """All that the next step depends on: tensors, and numbers that JSON keeps exactly."""

    tensors: Mapping[str, Tensor]
    meta: Mapping[str, Any]


class AlignTrainer:
    """Owns the model, its optimiser, the stage of the curriculum and the randomness."""

    def __init__(
        self,
        config: TrainerConfig,
        *,
        corpus: Iterable[str] | Tokenizer,
        bodies: Sequence[Body],
        task_body: Sequence[int],
        seed: int,
        bounds: NDArray[np.float32] | None = None,
        crew: Crew = ALONE,
    ) -> None:
        """A trainer with fresh weights.

        Args:
            config: Settings.
            corpus: The sentences that training shows, or a vocabulary of them.
            bodies: The embodiments.
            task_body: For each task index of the rows, the index of its body.
            seed: Seed of the weights and of all randomness of training.
            bounds: For each task index and manner, between which bounds chunks are to move the
                body, see `bounds.bounds_of`; None: the hardware's limits alone.
            crew: The processes that train the same model; each has a trainer like this one.

        Raises:
            BadConfig: If a task names a body that is not there.
        """
        if not all(0 <= index < len(bodies) for index in task_body):
            raise BadConfig(f"task_body names a body outside the {len(bodies)} given")
        self.config = config
        self.task_body = tuple(task_body)
        self.bounds = bounds
        self.crew = crew
        self.device = crew.device or torch.device(config.device)
        self.generator = torch.Generator().manual_seed(seed)
        tokenizer = corpus if isinstance(corpus, Tokenizer) else Tokenizer.from_corpus(corpus)
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            self.model = config.model.build(bodies, tokenizer, self.generator)
        self.model.to(self.device).train()
        self.frozen: tuple[str, ...] = ()
        self.freeze(config.freeze)
        self.optimiser = Optimiser(config.optimiser, self.model)
        self.curriculum = CurriculumState(stage=config.curriculum.first)
        self.eye_error = EyeError(len(bodies), N_QUERIES, self.device)
        self.fraction = 0.0
        self.n_steps = 0
        self.own_losses = load_losses(config.own_losses)

    def set_progress(self, fraction: float) -> None:
        """Say which share of the budget is spent; it sets learning rates."""
        self.fraction = min(max(float(fraction), 0.0), 1.0)

    def measured(self, *, vl: Recall, la: Recall) -> CurriculumState:
        """Tell the curriculum what retrieval measured (R@10), and see whether a gate opens."""
        self.curriculum = advance(
            self.config.curriculum,
            self.curriculum,
            fraction=self.fraction,
            vl=vl,
            la=la,
        )
        return self.curriculum

    def freeze(self, towers: Sequence[str]) -> None:
        """Let exactly these towers stand still; naming fewer than before unfreezes the others.

        Raises:
            UnknownName: If there is no such tower.
        """
        for tower in self.frozen:
            for part in self.model.parts(tower):
                part.requires_grad_(True)
        for tower in towers:
            for part in self.model.parts(tower):
                part.requires_grad_(False)
        self.model.keep_frozen()
        self.model.forget_texts()
        self.frozen = tuple(towers)

    @property
    def wants_segments(self) -> bool:
        """Whether the next step would learn from segments."""
        return self.n_steps % self.config.segment_every == 0

    def step(
        self,
        rows: StepTriples,
        texts: Sequence[Sequence[str]],
        segments: SegmentTriples | None = None,
        segment_texts: Sequence[str] = (),
        rehearsal: StepTriples | None = None,
        rehearsal_texts: Sequence[Sequence[str]] = (),
    ) -> LossReport:
        """Learn from one batch.

        Args:
            rows: B moments with G goals each. Where a crew trains, its number divides B and N, and
                every process gives all rows, but of the pictures only those of its own.
            texts: A sentence for each of them, B lists of G.
            segments: N segments, see `wants_segments`; None to leave the alignment out.
            segment_texts: A sentence for each segment.
            rehearsal: Moments for the decoder alone, see `rehearsed`; None to leave it out.
            rehearsal_texts: A sentence for each of their goals.

        Returns:
            The losses of this step, before the update.

        Raises:
            BadConfig: If texts and rows do not match, or there is nothing to learn from in them.
            LossNotFinite: If a loss or its gradient is no number; the model is as it was.
        """
        check_texts(rows.weight.shape[0], rows.weight.shape[1], texts)
        check_goals(rows.weight)
        if self.fraction >= self.config.freeze_text_after and "text" not in self.frozen:
            self.freeze((*self.frozen, "text"))
        for tower in (self.model.vision, self.model.text):
            if not self._stands_still(tower):
                tower.advance(self.fraction)
        n_segments = 0 if segments is None else len(segments.meaning)
        if len(segment_texts) != n_segments:
            raise BadConfig(f"{n_segments} segments need a sentence each, got {len(segment_texts)}")
        batch = self._batch(rows)
        wanted = self.config.weights.active(
            self.curriculum.stage,
            behaviour_from_start=self.config.curriculum.behaviour_from_start,
        )
        every = self.config.priors_every
        due = self.n_steps % every == 0
        wanted = {
            name: weight * (every if name in PRIORS else 1)
            for name, weight in wanted.items()
            if due or name not in PRIORS
        }
        wanted |= self.config.own_losses
        segment = None
        if segments is not None and any(name.startswith("contrast") for name in wanted):
            check_segments(segments.meaning)
            segment = SegmentBatch.of(segments, self.task_body, self.device)

        towers = Towers(
            model=self.model,
            crew=self.crew,
            sees="vision" not in self.frozen,
            precision=self._autocast,
            said=self.model.sentences([*(text for row in texts for text in row), *segment_texts]),
        )
        cache: GradientCache | None = None
        if segment is not None and self.config.segment_portion is not None:
            cache = towers.in_portions(
                batch,
                segment,
                portion=self.config.segment_portion,
                with_actions=asks_for_actions(wanted),
                generator=self.generator,
            )
        shared = towers.both(batch, segment if cache is None else None)
        heads_input = shared
        if self.config.surgery == "pcgrad":
            heads_input = tuple(z.detach().requires_grad_(z.requires_grad) for z in shared)
        terms, watched = self._terms(batch, segment, heads_input, cache, wanted)
        if rehearsal is not None and "rehearsal" in wanted:
            check_texts(rehearsal.weight.shape[0], rehearsal.weight.shape[1], rehearsal_texts)
            self._rehearse(rehearsal, rehearsal_texts, wanted, terms, watched)
        total = torch.stack([wanted[name] * term for name, term in terms.items()]).sum()
        # One transfer for all of them: each by itself would make a GPU wait.
        names = (*terms, *watched)
        of_batch = self.crew.mean(torch.stack([total, *terms.values(), *watched.values()]))
        read = of_batch.detach().tolist()
        values = dict(zip(names, read[1:], strict=True))
        if bad := [name for name in terms if not math.isfinite(values[name])]:
            raise LossNotFinite(f"the loss is not finite ({', '.join(bad)})")
        seen = {name: values[name] for name in watched}
        self.optimiser.zero_grad()
        if self.config.surgery == "pcgrad":
            weighted = {name: wanted[name] * term for name, term in terms.items()}
            seen["conflict_share"] = backward_with_surgery(
                [
                    torch.stack([weighted[name] for name in names if name in weighted]).sum()
                    for names in (*GROUPS.values(), tuple(self.own_losses))
                    if any(name in weighted for name in names)
                ],
                shared=shared,
                leaves=heads_input,
                heads=[p for p in self.model.parameters() if p.requires_grad],
                generator=self.generator,
                crew=self.crew,
            )
        else:
            total.backward()  # type: ignore[no-untyped-call]
        if cache is not None:
            cache.backward()
        self.crew.average_gradients(self.model.parameters())
        seen["gradient_norm"] = float(self.optimiser.clip())
        if not math.isfinite(seen["gradient_norm"]):
            raise LossNotFinite(
                "every loss is finite, but not the gradient "
                f"({', '.join(self._without_gradient()) or 'its norm'})"
            )
        self.optimiser.step(self.fraction)
        for theta in self.model.log_inverse_temperature.values():
            clamp_temperature(theta)
        self.n_steps += 1
        return LossReport(
            total=read[0],
            terms={name: values[name] for name in terms},
            report=seen,
        )

    def state(self) -> TrainerState:
        """All that the next step depends on, copied.

        Sentence features that are kept are no part of it and are dropped here, so that going on
        from the state and never having stopped are the same.
        """
        if self.model.learns_words:
            self.model.forget_texts()
        tensors = {
            f"model.{name}": value.detach().clone()
            for name, value in self.model.state_dict().items()
        }
        tensors |= {f"optimiser.{name}": value for name, value in self.optimiser.state().items()}
        tensors["eye_error"] = self.eye_error.mean_MQ.clone()
        tensors["random.own"] = self.generator.get_state()
        tensors["random.torch"] = torch.get_rng_state()
        meta = {
            "n_steps": self.n_steps,
            "fraction": self.fraction,
            "frozen": list(self.frozen),
            "curriculum": asdict(self.curriculum),
        }
        return TrainerState(tensors=tensors, meta=meta)

    def load_state(self, state: TrainerState) -> None:
        """Go on where another trainer with the same settings stopped: the next losses are equal.

        Raises:
            DamagedFile: If the state does not fit this model.
        """
        weights = _part(state.tensors, "model.")
        expected = {name: value.shape for name, value in self.model.state_dict().items()}
        moments = _part(state.tensors, "optimiser.")
        if state.meta["n_steps"] and not moments:
            raise DamagedFile("the training state lacks the optimiser's moments; start afresh")
        if {name: value.shape for name, value in weights.items()} != expected:
            raise DamagedFile("the training state belongs to a model with other settings")
        self.model.load_state_dict(weights)
        self.model.forget_texts()
        self.freeze(state.meta["frozen"])
        self.optimiser.load_state(moments)
        self.eye_error.mean_MQ = state.tensors["eye_error"].to(self.device).clone()
        self.generator.set_state(state.tensors["random.own"])
        torch.set_rng_state(state.tensors["random.torch"])
        self.n_steps = int(state.meta["n_steps"])
        self.fraction = float(state.meta["fraction"])
        self.curriculum = CurriculumState(**state.meta["curriculum"])

    def _autocast(self) -> AbstractContextManager[object]:
        """The precision that towers run in."""
        if not self.config.bf16:
            return nullcontext()
        return torch.autocast(self.device.type, torch.bfloat16)

    def _stands_still(self, part: nn.Module) -> bool:
        return any(part in self.model.parts(tower) for tower in self.frozen)

    def _without_gradient(self) -> list[str]:
        """The first few weights whose gradient is no number."""
        wrong = (
            name
            for name, weight in self.model.named_parameters()
            if weight.grad is not None and not torch.isfinite(weight.grad).all()
        )
        return list(islice(wrong, 3))

    def _batch(self, rows: StepTriples) -> StepBatch:
        return StepBatch.of(rows, self.task_body, self.device, self.bounds)

    def _rehearse(
        self,
        rows: StepTriples,
        texts: Sequence[Sequence[str]],
        wanted: Mapping[str, float],
        terms: dict[str, Tensor],
        watched: dict[str, Tensor],
    ) -> None:
        """Add what the decoder alone is taught: behaviour, and the priors on many more states."""
        batch = self._batch(rows)
        if self.model.learns_words and self.n_steps % TEXTS_KEPT_FOR == 0:
            self.model.forget_texts()
        with self._autocast():
            text_XD = self.model.kept_texts([text for row in texts for text in row]).float()
        text_BGD = text_XD.view(*batch.weight_BG.shape, -1)
        terms["rehearsal"], chunk_BGKA = rehearsed(
            self.model,
            batch,
            text_BGD[self.crew.own(len(text_BGD))],
            noise_BQ=self._noise(batch),
            generator=self.generator,
            crew=self.crew,
        )
        if any(name in wanted for name in PRIORS):
            priors, watched["rehearsed_rows_beyond"] = prior_terms(
                self.model, batch, chunk_BGKA, wanted
            )
            for name, prior in priors.items():
                terms[name] = terms[name] + prior if name in terms else prior

    def _noise(self, batch: StepBatch) -> Tensor:
        """Standard deviation of the noise on the points that the decoder is told, (B, Q)."""
        noise = self.config.rehearsal_noise
        if noise is None:
            return self.eye_error.deviation(batch.body_B)
        return batch.proprio_BP.new_full((len(batch.body_B), N_QUERIES), noise)

    def _terms(
        self,
        batch: StepBatch,
        segment: SegmentBatch | None,
        shared: tuple[Tensor, ...],
        cache: GradientCache | None,
        wanted: Mapping[str, float],
    ) -> tuple[dict[str, Tensor], dict[str, Tensor]]:
        map_bSC, text_bGD = shared[:2]
        first, last = self.config.goal_forcing, self.config.last_goal_forcing
        told_share = first + (last - first) * self.fraction
        told_BG = torch.rand(batch.weight_BG.shape, generator=self.generator) < told_share
        truth = noisy_aims(self.model, batch, noise_BQ=self._noise(batch), generator=self.generator)
        own = self.crew.own(len(told_BG))
        out = whole_of(
            self.crew,
            self.model.act(
                map_bSC,
                text_bGD,
                batch.proprio_BP[own],
                batch.body_B[own],
                truth=truth.rows(own),
                told_BG=moved(told_BG[own], self.device),
            ),
        )
        if self.config.rehearsal_noise is None:  # nobody else asks how far the eye errs
            self.eye_error.see(self.model.normaliser, batch, out.goal_BGQ3)
        terms = policy_terms(self.model, batch, out, wanted)
        terms |= own_terms(self.own_losses, self.model, batch, out)
        watched: dict[str, Tensor] = {}
        if any(name in wanted for name in PRIORS):
            priors, watched["rows_beyond"] = prior_terms(self.model, batch, out.chunk_BGKA, wanted)
            terms |= priors
        if segment is not None:
            if cache is None:
                own = self.crew.own(len(segment.meaning_N))
                with_actions = asks_for_actions(wanted)
                vectors = segment_vectors(
                    self.model, segment, *shared[2:4], rows=own, with_actions=with_actions
                ).tensors
            else:
                vectors = cache.vectors
            more, seen = segment_terms(
                self.model,
                segment,
                SegmentVectors.of_tensors(self.crew.whole(vectors)),
                wanted,
                more_text_RD=out.moment.text_BGD.flatten(0, 1),
                more_meaning_R=batch.meaning_BG.flatten(),
                share=Share(crew=self.crew, at_once=self.config.segment_portion),
            )
            terms |= more
            watched |= seen
        return terms, watched


def _part(tensors: Mapping[str, Tensor], prefix: str) -> dict[str, Tensor]:
    """The tensors whose names begin with a prefix, under the rest of their names."""
    return {k.removeprefix(prefix): v for k, v in tensors.items() if k.startswith(prefix)}
