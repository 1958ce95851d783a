"""The model at work: numpy in, numpy out, and no row depends on its neighbours.

Legend: m rows, Q queries, S cells, K chunk steps, A action components, E embedding.
"""

from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from vla_sim.align.model import AlignModel
from vla_sim.errors import BadConfig
from vla_sim.records.triple import CHUNK_SIZE, GRID, N_ACT, N_CLIP, N_PROPRIO, N_QUERIES, THING

Floats = NDArray[np.float32]

BLOCK = 16
"""Rows a forward pass. Always as many, the last block filled up: matrix products choose another
order of summation for another number of rows, and an episode would then depend on its batch."""
N_CACHED = 8192
"""Sentences whose features are kept."""


@dataclass(frozen=True, kw_only=True)
class Decision:
    """What the model decided for m rows.

    Attributes:
        chunk: float32 (m, K, A), clipped to [-1, 1], zero where the body has no such component.
        looks: float32 (m, Q, GRID, GRID), where the answer to each query was found in the picture.
        points: float32 (m, Q, 3), what each query was answered [m], frame of proprio[:3].
        has_point: bool (m, Q), whether there is such a point; the others mean nothing.
        held: float32 (m,), how sure it is that the thing is held, in [0, 1].
    """

    chunk: Floats
    looks: Floats
    points: Floats
    has_point: NDArray[np.bool_]
    held: Floats

    @property
    def attention(self) -> Floats:
        """float32 (m, GRID, GRID), where the thing was found that the instruction is about."""
        return self.looks[:, THING]

    @property
    def goal(self) -> Floats:
        """float32 (m, 3), where that thing is, or the controlled point is sent [m]."""
        return self.points[:, THING]


class ModelPolicyCore:
    """A trained model behind arrays; weights are read, never written.

    After the weights change, by training on or loading, call `refresh`.
    """

    def __init__(self, model: AlignModel) -> None:
        self.model = model
        self.device = next(model.parameters()).device
        self._features: OrderedDict[str, Tensor] = OrderedDict()

    def refresh(self) -> None:
        """Forget sentence features that older weights made."""
        self._features.clear()

    def decide(
        self,
        images: NDArray[np.uint8],
        proprio: NDArray[np.float32],
        texts: Sequence[str],
        body: NDArray[np.int64] | int,
    ) -> Decision:
        """Decide for m rows.

        Args:
            images: uint8 (m, h, w, 3).
            proprio: (m, n_proprio), padded or not.
            texts: m instructions; an empty one is allowed.
            body: Index of the body, one for all or (m,).

        Raises:
            BadConfig: If the numbers of rows differ or the pictures have another size.
        """
        m = len(images)
        if len(proprio) != m or len(texts) != m:
            raise BadConfig(
                f"{m} pictures, {len(proprio)} rows of proprioception, {len(texts)} instructions:"
                " give one of each for every row"
            )
        with self.evaluating():
            return self._decide(images, proprio, texts, np.broadcast_to(body, (m,)))

    def _decide(
        self,
        images: NDArray[np.uint8],
        proprio: NDArray[np.float32],
        texts: Sequence[str],
        body: NDArray[np.int64],
    ) -> Decision:
        norm = self.model.normaliser

        def block(
            image_BHWC: Tensor, text_BD: Tensor, proprio_BP: Tensor, body_B: Tensor
        ) -> tuple[Tensor, ...]:
            map_BSC = self.model.vision(image_BHWC)
            out = self.model.act(map_BSC, text_BD.unsqueeze(1), proprio_BP, body_B)
            mask_B1A = norm.action_mask_MA[body_B].unsqueeze(1)
            chunk_BKA = out.chunk_BGKA.squeeze(1).clamp(-1.0, 1.0) * mask_B1A
            look_BQS = out.log_attention_BGQS.squeeze(1).exp()
            aims = out.aims
            return (
                chunk_BKA,
                look_BQS,
                aims.point_NQ3.squeeze(1),
                aims.has_point_NQ.squeeze(1),
                aims.held_N,
            )

        rows = (
            torch.as_tensor(np.ascontiguousarray(images)),
            self.sentences(texts),
            self.padded(proprio),
            torch.as_tensor(np.array(body, dtype=np.int64)),
        )
        q = N_QUERIES
        widths = ((CHUNK_SIZE, N_ACT), (q, GRID * GRID), (q, 3), (q,), (1,))
        chunk, looks, points, has_point, held = self.in_blocks(block, rows, widths)
        return Decision(
            chunk=chunk,
            looks=looks.reshape(-1, q, GRID, GRID),
            points=points,
            has_point=has_point > 0.5,
            held=held[:, 0],
        )

    def chunk(
        self,
        images: NDArray[np.uint8],
        proprio: NDArray[np.float32],
        texts: Sequence[str],
        body: NDArray[np.int64] | int,
    ) -> Floats:
        """Only the chunks of `decide`, float32 (m, K, A)."""
        return self.decide(images, proprio, texts, body).chunk

    def embed_clips(self, clip: NDArray[np.uint8], clip_time_s: Floats) -> Floats:
        """z_V of clips (m, N_CLIP, h, w, 3), unit vectors float32 (m, E)."""
        if clip.ndim != 5 or clip.shape[1] != N_CLIP:
            raise BadConfig(f"clips of shape {clip.shape}; expected (m, {N_CLIP}, h, w, 3)")

        def block(clip_BFHWC: Tensor, time_BF: Tensor) -> tuple[Tensor, ...]:
            map_XSC = self.model.vision(clip_BFHWC.flatten(0, 1))
            map_BFSC = map_XSC.view(*clip_BFHWC.shape[:2], *map_XSC.shape[1:])
            return (self.model.embed_clip(map_BFSC, time_BF)[0],)

        rows = (torch.as_tensor(clip), torch.as_tensor(clip_time_s, dtype=torch.float32))
        with self.evaluating():
            return self.in_blocks(block, rows, ((self.model.config.n_embed,),))[0]

    def embed_texts(self, texts: Sequence[str]) -> Floats:
        """z_L of sentences, unit vectors float32 (m, E)."""

        def block(text_BD: Tensor) -> tuple[Tensor, ...]:
            return (self.model.embed_text(text_BD),)

        with self.evaluating():
            rows = (self.sentences(texts),)
            return self.in_blocks(block, rows, ((self.model.config.n_embed,),))[0]

    def embed_actions(
        self,
        knots: Floats,
        duration_s: Floats,
        start: Floats,
        body: NDArray[np.int64] | int,
    ) -> Floats:
        """z_A of action sequences (m, K, A), unit vectors float32 (m, E)."""

        def block(
            knots_BKA: Tensor, duration_B: Tensor, start_BP: Tensor, body_B: Tensor
        ) -> tuple[Tensor, ...]:
            return (self.model.embed_action(knots_BKA, duration_B, start_BP, body_B),)

        rows = (
            torch.as_tensor(knots, dtype=torch.float32),
            torch.as_tensor(duration_s, dtype=torch.float32),
            self.padded(start),
            torch.as_tensor(np.broadcast_to(body, (len(knots),)).astype(np.int64)),
        )
        with self.evaluating():
            return self.in_blocks(block, rows, ((self.model.config.n_embed,),))[0]

    def sentences(self, texts: Sequence[str]) -> Tensor:
        """Features of sentences, encoded one at a time: padding would change the others' bits."""
        for text in dict.fromkeys(texts):
            if text in self._features:
                self._features.move_to_end(text)
            else:
                self._features[text] = self.model.encode_texts([text])[0]
        width = self.model.text.width
        rows = [self._features[text] for text in texts]
        while len(self._features) > N_CACHED:
            self._features.popitem(last=False)
        return torch.stack(rows) if rows else torch.zeros(0, width)

    def in_blocks(
        self,
        function: Callable[..., tuple[Tensor, ...]],
        rows: tuple[Tensor, ...],
        widths: tuple[tuple[int, ...], ...],
    ) -> tuple[Floats, ...]:
        """What a function of BLOCK rows makes of any number of rows, a block after the other.

        Args:
            function: From tensors (BLOCK, ...) to tensors (BLOCK, ...).
            rows: Its arguments for m rows each.
            widths: The shape of a row of each of its results.
        """
        m = len(rows[0])
        outs = tuple(np.zeros((m, *width), dtype=np.float32) for width in widths)
        for start in range(0, m, BLOCK):
            n = min(BLOCK, m - start)
            block = [row[start : start + n] for row in rows]
            if n < BLOCK:
                block = [torch.cat((b, b[:1].expand(BLOCK - n, *b.shape[1:]))) for b in block]
            values = function(*(b.to(self.device) for b in block))
            for out, value in zip(outs, values, strict=True):
                out[start : start + n] = value[:n].cpu().numpy()
        return outs

    def padded(self, proprio: NDArray[np.floating]) -> Tensor:
        """Proprioception filled up with zeros to (m, N_PROPRIO).

        Raises:
            BadConfig: If it has more components.
        """
        return torch.as_tensor(_padded(proprio))

    def evaluating(self) -> "_Evaluating":
        """A context in which the model is in evaluation mode and keeps no gradients."""
        return _Evaluating(self.model)


class _Evaluating:
    """Evaluation mode without gradients; the model's mode is put back afterwards."""

    def __init__(self, model: AlignModel) -> None:
        self.model = model
        self.was_training = model.training
        self.no_grad = torch.no_grad()

    def __enter__(self) -> None:
        self.was_training = self.model.training
        if self.was_training:  # to walk through all modules costs as much as a layer
            self.model.eval()
        self.no_grad.__enter__()

    def __exit__(self, *error: object) -> None:
        self.no_grad.__exit__(*error)
        if self.was_training:
            self.model.train()


def _padded(proprio: NDArray[np.floating]) -> Floats:
    """Proprioception filled up with zeros to (m, N_PROPRIO)."""
    if proprio.ndim != 2 or proprio.shape[1] > N_PROPRIO:
        raise BadConfig(f"proprioception of shape {proprio.shape}; expected (m, <= {N_PROPRIO})")
    out = np.zeros((len(proprio), N_PROPRIO), dtype=np.float32)
    out[:, : proprio.shape[1]] = proprio
    return out
