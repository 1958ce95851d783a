"""One step of learning after another.

Legend: B pictures, G goals a picture, N segments, S cells, C channels, D text; a small letter is of
this process's own rows alone.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext

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
)
from vla_sim.align.body import Body
from vla_sim.align.contrast import Contrast
from vla_sim.align.crew import ALONE, Crew
from vla_sim.align.curriculum import CurriculumState, advance, past_untaught
from vla_sim.align.encoders.tokenizer import Tokenizer
from vla_sim.align.forcing import Forcing
from vla_sim.align.objective import GROUPS, LossReport, chance_levels
from vla_sim.align.optimiser import Optimiser
from vla_sim.align.own_losses import load_losses
from vla_sim.align.pulls import Pulls
from vla_sim.align.reconciling.losses import StepLosses
from vla_sim.align.rehearsal import Rehearsal
from vla_sim.align.segments import asks_for_actions, asks_for_segments
from vla_sim.align.supervision.sources import Sources
from vla_sim.align.supervision.supervisor import Supervisor
from vla_sim.align.towers import Towers
from vla_sim.align.trainer_config import TrainerConfig
from vla_sim.align.trainer_state import TrainerState, put_back, state_of
from vla_sim.align.update import Update
from vla_sim.errors import BadConfig, LossNotFinite
from vla_sim.records.reports import Recall
from vla_sim.records.triple import SegmentTriples, StepTriples, StripTriples


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
        sources: Sources | None = None,
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
            sources: Whom supervision asks; None for nobody.
            crew: The processes that train the same model; each has a trainer like this one.

        Raises:
            BadConfig: If a task names a body that is not there, or supervision asks for somebody
                who is not.
        """
        if not all(0 <= index < len(bodies) for index in task_body):
            raise BadConfig(f"task_body names a body outside the {len(bodies)} given")
        self.config = config
        self.supervisor = Supervisor(config.supervision, sources or Sources())
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
        first = CurriculumState(stage=config.curriculum.first)
        self.curriculum = past_untaught(first, vars(config.weights))
        self.contrast = Contrast(config.contrast)
        config.contrast.temperatures.keep(self.model.log_inverse_temperature)
        self.forcing = Forcing(config, self.model, generator=self.generator, device=self.device)
        self.rehearsal = Rehearsal(self.model, self.forcing, self.generator, crew)
        self.fraction = 0.0
        self.n_steps = 0
        self.own_losses = load_losses(config.own_losses)
        self.reconciler = config.reconciling.build({**GROUPS, "own": tuple(self.own_losses)})
        self.pulls = Pulls(self.model, own=self.own_losses)

    def set_progress(self, fraction: float) -> None:
        """Say which share of the budget is spent; it sets learning rates."""
        self.fraction = min(max(float(fraction), 0.0), 1.0)

    def measured(self, *, vl: Recall, la: Recall) -> CurriculumState:
        """Tell the curriculum what retrieval measured (R@10), and see whether a gate opens."""
        gates, held = self.config.curriculum, self.curriculum
        reached = advance(gates, held, fraction=self.fraction, vl=vl, la=la)
        self.curriculum = past_untaught(reached, vars(self.config.weights))
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

    @property
    def wants_strips(self) -> bool:
        """Whether the next step would look at strips."""
        return self.supervisor.wants_strips(self.n_steps)

    def step(
        self,
        rows: StepTriples,
        texts: Sequence[Sequence[str]],
        segments: SegmentTriples | None = None,
        segment_texts: Sequence[str] = (),
        rehearsal: StepTriples | None = None,
        rehearsal_texts: Sequence[Sequence[str]] = (),
        strips: StripTriples | None = None,
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
            strips: Stretches of pictures, see `wants_strips`; None to leave them out.

        Returns:
            The losses of this step, before the update.

        Raises:
            BadConfig: If texts and rows do not match, or there is nothing to learn from in them.
            LossNotFinite: If a loss or its gradient is no number; the model is as it was, and so
                is all that is remembered from one update to the next, but for the random numbers
                that were drawn.
        """
        check_texts(rows.weight.shape[0], rows.weight.shape[1], texts)
        check_goals(rows.weight)
        n_segments = 0 if segments is None else len(segments.meaning)
        if len(segment_texts) != n_segments:
            raise BadConfig(f"{n_segments} segments need a sentence each, got {len(segment_texts)}")
        self._advance_towers()
        batch = self._batch(rows)
        wanted = self._wanted()
        segment = None
        if segments is not None and asks_for_segments(wanted):
            check_segments(segments.meaning)
            segment = SegmentBatch.of(segments, self.task_body, self.device)
            segment = self.supervisor.band(segment, self.fraction)
        said = [*(text for row in texts for text in row), *segment_texts]
        update, shared = self._encoded(batch, segment, said, wanted)

        terms, watched, out = update.terms()
        lessons, seen_of_lessons = self.supervisor.lessons(
            update.asked(rows, segment_texts, out, strips), wanted
        )
        terms |= lessons
        watched |= seen_of_lessons
        if rehearsal is not None and "rehearsal" in wanted:
            check_texts(rehearsal.weight.shape[0], rehearsal.weight.shape[1], rehearsal_texts)
            with self._autocast():
                text_XD = self.rehearsal.texts(rehearsal_texts, n_steps=self.n_steps)
            self.rehearsal.add(self._batch(rehearsal), text_XD, wanted, terms, watched)
        if not terms:  # what is learnt from is due now and then only, and not in this update
            self.contrast.settle()
            self.n_steps += 1
            return LossReport(total=0.0, terms={}, report={})
        return self._descend(update, shared, terms, watched)

    def _advance_towers(self) -> None:
        """Have the towers learn, or stand still, as is due at this share of the budget."""
        if self.fraction >= self.config.freeze_text_after and "text" not in self.frozen:
            self.freeze((*self.frozen, "text"))
        for tower in (self.model.vision, self.model.text):
            if not self._stands_still(tower):
                tower.advance(self.fraction)

    def _encoded(
        self,
        batch: StepBatch,
        segment: SegmentBatch | None,
        said: Sequence[str],
        wanted: Mapping[str, float],
    ) -> tuple[Update, tuple[Tensor, ...]]:
        """An update whose towers have run, and what they gave before it was cut from them."""
        towers = Towers(
            model=self.model,
            crew=self.crew,
            sees="vision" not in self.frozen,
            into_towers=self.config.contrast.into_towers,
            precision=self._autocast,
            said=self.model.sentences(said),
        )
        shared, cache = towers.encoded(
            batch,
            segment,
            portion=self.config.segment_portion,
            with_actions=asks_for_actions(wanted),
            generator=self.generator,
        )
        leaves = shared
        if self.reconciler.cuts(wanted):
            leaves = tuple(z.detach().requires_grad_(z.requires_grad) for z in shared)
        update = Update(
            trainer=self,
            towers=towers,
            batch=batch,
            segment=segment,
            shared=leaves,
            cache=cache,
            wanted=wanted,
        )
        return update, shared

    def _descend(
        self,
        update: Update,
        shared: tuple[Tensor, ...],
        terms: Mapping[str, Tensor],
        watched: Mapping[str, Tensor],
    ) -> LossReport:
        """Weigh the terms, reconcile their gradients and step, unless something is no number."""
        leaves, cache = update.shared, update.cache
        losses = StepLosses.of(
            terms,
            self.reconciler.weights(update.wanted),
            shared=shared,
            leaves=leaves,
            parameters=self.model.parameters(),
            crew=self.crew,
        )
        looked = self.pulls.lengths(terms, leaves if cache is None else (*leaves, *cache.vectors))
        # One transfer for all of them: each by itself would make a GPU wait.
        scalars = (losses.total, *terms.values(), *watched.values(), *looked.values())
        total, *read = self.crew.mean(torch.stack(scalars).detach()).tolist()
        of = dict(zip((*terms, *watched), read, strict=False))
        values, seen = {name: of[name] for name in terms}, {name: of[name] for name in watched}
        if bad := [name for name, value in values.items() if not math.isfinite(value)]:
            raise self._given_up(f"the loss is not finite ({', '.join(bad)})")
        self.optimiser.zero_grad()
        before = self.reconciler.state()
        reconciled = self.reconciler.backward(
            losses,
            values=values,
            chance=chance_levels(update.batch, update.segment, self.model.config.siglip),
            n_steps=self.n_steps,
            generator=self.generator,
        )
        if cache is not None:
            cache.backward()
        self.crew.average_gradients(self.model.parameters())
        seen |= reconciled.report
        seen["gradient_norm"] = float(self.optimiser.clip())
        if not math.isfinite(seen["gradient_norm"]):
            self.reconciler.load_state(before)
            raise self._given_up(
                "every loss is finite, but not the gradient "
                f"({', '.join(self.optimiser.not_finite()) or 'its norm'})"
            )
        self.pulls.note(dict(zip(looked, read[len(of) :], strict=True)), values)
        self.optimiser.step(self.fraction)
        self.config.contrast.temperatures.keep(self.model.log_inverse_temperature)
        self.contrast.settle()
        self.model.fusion.settle(self.generator)
        self.n_steps += 1
        return LossReport(total=total, terms=values, report=seen, gradients=reconciled.look)

    def _given_up(self, said: str) -> LossNotFinite:
        """The error of an update that is not made, all that it had begun forgotten."""
        self.contrast.give_up()
        self.forcing.give_up()
        self.model.fusion.give_up()
        return LossNotFinite(said)

    def _wanted(self) -> dict[str, float]:
        """{term: weight} of the present update."""
        wanted = self.config.wanted(self.curriculum.stage, self.n_steps)
        if "contrast_step" in wanted:
            wanted |= self.model.fusion.weights
        return wanted | self.supervisor.weights(self.n_steps, self.fraction)

    def state(self) -> TrainerState:
        """All that the next step depends on, see `state_of`."""
        return state_of(self)

    def load_state(self, state: TrainerState) -> None:
        """Go on where another trainer with the same settings stopped: the next losses are equal.

        Raises:
            DamagedFile: If the state does not fit this model.
        """
        put_back(self, state)

    def _autocast(self) -> AbstractContextManager[object]:
        """The precision that towers run in."""
        if not self.config.bf16:
            return nullcontext()
        return torch.autocast(self.device.type, torch.bfloat16)

    def _stands_still(self, part: nn.Module) -> bool:
        return any(part in self.model.parts(tower) for tower in self.frozen)

    def _batch(self, rows: StepTriples) -> StepBatch:
        return StepBatch.of(rows, self.task_body, self.device, self.bounds)
