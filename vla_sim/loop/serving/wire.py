"""The wire: messages as msgpack, arrays in openpi's encoding, and nothing that could be code.

What comes in is somebody else's: every length is checked against what is there before an array is
made of it.

Source:
    openpi, packages/openpi-client, `msgpack_numpy` (an array is a map of bytes keys).
"""

import math
from typing import Any

import numpy as np

from vla_sim.errors import BadMessage, MissingExtra

EXTRA = "serve"
_ARRAY, _SCALAR = b"__ndarray__", b"__npgeneric__"
_REFUSED = "VOc"
"""Kinds of dtype that are not plain numbers or text: records, Python objects, complex numbers."""
_MOST_AXES = 8


def pack(message: object) -> bytes:
    """A message of plain values, strings and numpy arrays.

    Raises:
        BadMessage: If it holds something else, or arrays of records, objects or complex numbers.
        MissingExtra: If msgpack is not installed.
    """
    msgpack = _msgpack()
    try:
        packed: bytes = msgpack.packb(message, default=_encoded, use_bin_type=True)
    except (TypeError, ValueError, OverflowError) as error:
        raise BadMessage(f"a message cannot be packed: {error}") from error
    return packed


def unpack(data: bytes) -> Any:
    """The message that `pack`, or openpi's encoding, made; its arrays are read-only views.

    Raises:
        BadMessage: If it is none.
        MissingExtra: If msgpack is not installed.
    """
    msgpack = _msgpack()
    try:
        return msgpack.unpackb(data, object_hook=_decoded, raw=False, strict_map_key=False)
    except BadMessage:
        raise
    except (ValueError, TypeError, RecursionError, msgpack.exceptions.UnpackException) as error:
        told = f"{type(error).__name__}: {error}".rstrip(": ")
        raise BadMessage(f"{len(data)} bytes are no msgpack message ({told})") from error


def _encoded(value: object) -> dict[bytes, object]:
    if isinstance(value, np.ndarray):
        _check_kind(value.dtype)
        return {
            _ARRAY: True,
            b"data": value.tobytes(),
            b"dtype": value.dtype.str,
            b"shape": value.shape,
        }
    if isinstance(value, np.generic):
        _check_kind(value.dtype)
        return {_SCALAR: True, b"data": value.item(), b"dtype": value.dtype.str}
    raise TypeError(f"a {type(value).__name__} is neither a plain value nor an array")


def _decoded(found: dict[Any, Any]) -> Any:
    if _ARRAY in found:
        return _array(found)
    if _SCALAR in found:
        dtype = _dtype(found.get(b"dtype"))
        try:
            return dtype.type(found[b"data"])
        except (KeyError, TypeError, ValueError, OverflowError) as error:
            raise BadMessage(f"a scalar of {dtype} cannot be read") from error
    return found


def _array(found: dict[Any, Any]) -> Any:
    dtype, data, shape = _dtype(found.get(b"dtype")), found.get(b"data"), found.get(b"shape")
    if not isinstance(data, bytes) or not isinstance(shape, list | tuple):
        raise BadMessage("an array came without its bytes or its shape")
    is_shape = all(isinstance(side, int) and not isinstance(side, bool) for side in shape)
    if not is_shape or len(shape) > _MOST_AXES or any(side < 0 for side in shape):
        raise BadMessage(f"{shape!r} is no shape of an array")
    if math.prod(shape) * dtype.itemsize != len(data):
        raise BadMessage(f"an array of {dtype} {tuple(shape)} came in {len(data)} bytes")
    return np.frombuffer(data, dtype=dtype).reshape(shape)


def _dtype(name: object) -> np.dtype[Any]:
    if not isinstance(name, str) or len(name) > 8:
        raise BadMessage(f"{name!r} is no dtype")
    try:
        dtype = np.dtype(name)
    except (TypeError, ValueError) as error:
        raise BadMessage(f"{name!r} is no dtype") from error
    _check_kind(dtype)
    if dtype.itemsize == 0:
        raise BadMessage(f"a {name!r} holds nothing")
    return dtype


def _check_kind(dtype: np.dtype[Any]) -> None:
    if dtype.kind in _REFUSED or dtype.hasobject:
        raise BadMessage(f"arrays of {dtype} do not travel; send numbers, booleans or text")


def _msgpack() -> Any:
    try:
        import msgpack
    except ImportError as error:
        raise MissingExtra("openpi's protocol", EXTRA) from error
    return msgpack
