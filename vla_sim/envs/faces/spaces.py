"""What Gymnasium sees: spaces, and instructions as bytes."""

import numpy as np
from gymnasium import spaces
from numpy.typing import NDArray

from vla_sim.records.embodiment import Embodiment

INSTRUCTION_BYTES = 320
"""Room for an instruction in UTF-8; shorter ones are padded with zeros."""


def encode_instruction(text: str) -> NDArray[np.uint8]:
    """The text as UTF-8 bytes, zero-padded to shape (INSTRUCTION_BYTES,).

    Raises:
        ValueError: If the text does not fit.
    """
    raw = text.encode()
    if len(raw) > INSTRUCTION_BYTES:
        raise ValueError(f"an instruction of {len(raw)} bytes exceeds {INSTRUCTION_BYTES}: {text}")
    return np.frombuffer(raw.ljust(INSTRUCTION_BYTES, b"\0"), dtype=np.uint8).copy()


def decode_instruction(raw: NDArray[np.uint8]) -> str:
    """The text that `encode_instruction` stored."""
    return raw.tobytes().rstrip(b"\0").decode()


def observation_space(body: Embodiment, image_size: int) -> spaces.Dict:
    """Picture, proprioception and instruction of one simulation."""
    return spaces.Dict(
        {
            "image": spaces.Box(0, 255, (image_size, image_size, 3), np.uint8),
            "proprio": spaces.Box(-np.inf, np.inf, (body.n_proprio,), np.float32),
            "instruction": spaces.Box(0, 255, (INSTRUCTION_BYTES,), np.uint8),
        }
    )


def action_space(body: Embodiment) -> spaces.Box:
    """Normalised actions of one simulation."""
    return spaces.Box(-1.0, 1.0, (body.n_act,), np.float32)
