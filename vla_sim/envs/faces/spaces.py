"""What Gymnasium sees: spaces, and instructions as bytes or as text."""

from collections.abc import Sequence
from typing import Any, overload

import numpy as np
from gymnasium import spaces
from gymnasium.vector.utils import read_from_shared_memory
from numpy.typing import NDArray

from vla_sim.envs.language.corpus import alphabet
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


class Prompt(spaces.Text):
    """Every text that an instruction can be, in any of the arms.

    It exists beside Gymnasium's Text because `AsyncVectorEnv` reads a Text out of shared memory
    once, when it is made, and would show that blank for ever.
    """

    def __init__(self) -> None:
        super().__init__(INSTRUCTION_BYTES, min_length=0, charset=alphabet())


class SharedPrompts(Sequence[str]):
    """n texts in shared memory, read whenever they are looked at; a deep copy is their tuple."""

    def __init__(self, space: Prompt, memory: Any, n: int) -> None:
        self._letters = (*space.character_list, "")  # the last stands for "no letter here"
        self._codes = np.frombuffer(memory.get_obj(), dtype=np.int32).reshape(n, space.max_length)

    def __len__(self) -> int:
        return len(self._codes)

    @overload
    def __getitem__(self, at: int) -> str: ...
    @overload
    def __getitem__(self, at: slice) -> tuple[str, ...]: ...
    def __getitem__(self, at: int | slice) -> str | tuple[str, ...]:
        if isinstance(at, slice):
            return tuple(map(self._text, self._codes[at]))
        return self._text(self._codes[at])

    def __deepcopy__(self, memo: dict[int, Any]) -> tuple[str, ...]:
        return tuple(self)

    def _text(self, codes: NDArray[np.int32]) -> str:
        return "".join(self._letters[code] for code in codes.tolist())


@read_from_shared_memory.register(Prompt)
def _read_prompts(space: Prompt, shared_memory: Any, n: int = 1) -> SharedPrompts:
    return SharedPrompts(space, shared_memory, n)
