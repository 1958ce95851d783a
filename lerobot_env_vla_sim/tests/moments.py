"""A moment: all that a robot is shown, as a key to what was done in it."""

from hashlib import blake2b

import numpy as np
from numpy.typing import NDArray

KEY_BYTES = 16


def key_of(picture: NDArray[np.uint8], proprio: NDArray[np.float32], text: str) -> bytes:
    """Another key as soon as one bit of what is shown is another."""
    shown = picture.tobytes() + proprio.tobytes() + text.encode()
    return blake2b(shown, digest_size=KEY_BYTES).digest()
