"""Rows of arrays as tensors, ready for a step of training.

Legend: B pictures, G goals, Q queries, N segments, F pictures a clip, K knots, A actions,
P proprioception.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from vla_sim.align.bounds import unbounded
from vla_sim.envs.language.codes import manners_of
from vla_sim.errors import BadConfig, UnknownName
from vla_sim.records.triple import SegmentTriples, StepTriples


def body_of(task_N: NDArray[np.int64], task_body: Sequence[int]) -> Tensor:
    """Index of the body that each row's task is for, int64 (N,).

    Raises:
        UnknownName: If a row belongs to a task that the model was not told about.
    """
    if len(task_N) and not 0 <= task_N.min() <= task_N.max() < len(task_body):
        raise UnknownName("task index", str(task_N.max()), map(str, range(len(task_body))))
    return torch.as_tensor(np.asarray(task_body, dtype=np.int64)[task_N])


def check_texts(n_rows: int, n_goals: int, texts: Sequence[Sequence[str]]) -> None:
    """Raise BadConfig unless there are `n_goals` sentences for each of `n_rows` rows."""
    if len(texts) != n_rows or any(len(row) != n_goals for row in texts):
        raise BadConfig(f"{n_rows} pictures need {n_goals} sentences each")


def moved(value: NDArray[np.generic] | Tensor, device: torch.device) -> Tensor:
    """An array, or a tensor of this machine, on a device.

    On a GPU's way it lies in pinned memory, and nobody waits until it is there.
    """
    here = torch.as_tensor(value)
    if device.type == "cuda":
        return here.pin_memory().to(device, non_blocking=True)
    return here.to(device)


def check_segments(meaning_N: NDArray[np.int64]) -> None:
    """Raise BadConfig where there is nothing that a segment could be told apart from."""
    if len(meaning_N) < 2:
        raise BadConfig(
            f"a batch of {len(meaning_N)} segments has nothing to tell apart; give two or more"
        )


def check_goals(weight_BG: NDArray[np.floating]) -> None:
    """Raise BadConfig where there is nothing to learn from: no row, or no goal with a weight."""
    if not weight_BG.any():
        raise BadConfig(
            f"none of the {weight_BG.size} goals of the batch has a weight: nothing can be learnt; "
            "leave such rows out"
        )


def labelled(action_NX: NDArray[np.floating]) -> NDArray[np.bool_]:
    """Which rows have actions, bool (N,): without a label a row is NaN throughout.

    A row with some NaN is no row without a label: it is a fault, and the loss will say so.
    """
    known: NDArray[np.bool_] = ~np.isnan(action_NX.reshape(len(action_NX), -1)).all(axis=1)
    return known


@dataclass(frozen=True, kw_only=True)
class StepBatch:
    """B moments with G labels each, and a point for each of Q queries; flags are 0 or 1.

    `bounds_BGX` is what each label's manner allows, see `losses.motion.SIDES`; `rows_of` tells for
    each body that is there which moments are its own, known before anything is on a device.
    `weight_BG` is 1 where there is a chunk and a goal to learn from, `visible_BG` where there is a
    cell: a moment that nobody labelled with actions still shows what its words mean. Where several
    processes share the batch, `image_` is of a process's own moments only: all else weighs little,
    and every process knows it.
    """

    image_BHWC: Tensor
    proprio_BP: Tensor
    body_B: Tensor
    meaning_BG: Tensor
    weight_BG: Tensor
    chunk_BGKA: Tensor
    goal_BGQ3: Tensor
    has_point_BGQ: Tensor
    held_BG: Tensor
    cell_BGQ2: Tensor
    visible_BGQ: Tensor
    hazard_BS: Tensor
    bounds_BGX: Tensor
    rows_of: Mapping[int, Tensor]

    @classmethod
    def of(
        cls,
        rows: StepTriples,
        task_body: Sequence[int],
        device: torch.device,
        bounds: NDArray[np.float32] | None = None,
    ) -> Self:
        """The rows on a device.

        Args:
            rows: The moments.
            task_body: For each task index, the index of its body.
            device: Where to.
            bounds: For each task index and manner, see `bounds.bounds_of`; None for no bounds.
        """
        table = unbounded(len(task_body)) if bounds is None else bounds

        def tensor(value: NDArray[np.generic]) -> Tensor:
            return moved(value, device)

        known_B = labelled(rows.chunk)
        chunk, goal = rows.chunk, rows.goal_point
        if not known_B.all():
            chunk, goal = chunk.copy(), goal.copy()
            chunk[~known_B], goal[~known_B] = 0.0, 0.0
        weight_BG, body_B = tensor(rows.weight), body_of(rows.task, task_body)
        return cls(
            image_BHWC=tensor(rows.image),
            proprio_BP=tensor(rows.proprio),
            body_B=moved(body_B, device),
            meaning_BG=tensor(rows.meaning),
            weight_BG=weight_BG * tensor(known_B[:, None]),
            chunk_BGKA=tensor(chunk),
            goal_BGQ3=tensor(goal),
            has_point_BGQ=tensor(rows.has_point).to(weight_BG.dtype),
            held_BG=tensor(rows.held).to(weight_BG.dtype),
            cell_BGQ2=tensor(rows.cell),
            visible_BGQ=tensor(rows.cell_visible).to(weight_BG.dtype) * weight_BG.unsqueeze(-1),
            hazard_BS=tensor(rows.hazard).flatten(1).to(weight_BG.dtype) / 255.0,
            bounds_BGX=tensor(table[rows.task[:, None], manners_of(rows.meaning)]),
            rows_of={
                body: moved((body_B == body).nonzero().squeeze(1), device)
                for body in sorted(set(body_B.tolist()))
            },
        )


@dataclass(frozen=True, kw_only=True)
class SegmentBatch:
    """N whole segments; `acted` lists those with actions where some have none, else it is None.

    Knots of a segment without actions are zero. Where several processes share the batch, `clip_` is
    of a process's own segments only.
    """

    clip_NFHWC: Tensor
    time_NF: Tensor
    body_N: Tensor
    meaning_N: Tensor
    seed_N: Tensor
    acted: Tensor | None
    knots_NKA: Tensor
    duration_N: Tensor
    start_NP: Tensor
    cell_N2: Tensor
    visible_N: Tensor

    def of_rows(self, rows: Tensor) -> Self:
        """Some of the segments, all of which have actions, as losses ask for them: no clips."""
        mine = {
            name: value[rows]
            for name, value in vars(self).items()
            if name not in ("acted", "clip_NFHWC")
        }
        return type(self)(acted=None, clip_NFHWC=self.clip_NFHWC[:0], **mine)

    @classmethod
    def of(cls, rows: SegmentTriples, task_body: Sequence[int], device: torch.device) -> Self:
        """The rows on a device."""

        def tensor(value: NDArray[np.generic]) -> Tensor:
            return moved(value, device)

        known, knots = labelled(rows.knots), rows.knots
        if not known.all():
            knots = knots.copy()
            knots[~known] = 0.0
        return cls(
            clip_NFHWC=tensor(rows.clip),
            time_NF=tensor(rows.clip_time_s),
            body_N=moved(body_of(rows.task, task_body), device),
            meaning_N=tensor(rows.meaning),
            seed_N=tensor(rows.seed),
            acted=None if known.all() else moved(np.flatnonzero(known), device),
            knots_NKA=tensor(knots),
            duration_N=tensor(rows.duration_s),
            start_NP=tensor(rows.start),
            cell_N2=tensor(rows.cell),
            visible_N=tensor(rows.cell_visible).float(),
        )
