"""Columns: between numpy arrays and arrow columns, one row per frame."""

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray


def to_arrow(array: NDArray[np.generic], kind: pa.DataType) -> pa.Array:
    """An arrow array of `kind` with one entry per row of `array`, shape (n, ...)."""
    flat = pa.array(array.reshape(-1))
    if pa.types.is_fixed_size_list(kind):
        return pa.FixedSizeListArray.from_arrays(flat, type=kind)
    return flat.cast(kind)


def to_numpy(column: pa.ChunkedArray, shape: tuple[int, ...], dtype: str) -> NDArray[np.generic]:
    """The array (n, *shape) that a column holds, whichever lists it is made of.

    Raises:
        ValueError: If the column has missing values or rows of another shape.
    """
    flat = column.combine_chunks()
    if isinstance(flat, pa.ChunkedArray):
        flat = flat.chunk(0) if flat.num_chunks else pa.array([], type=flat.type)
    n = len(flat)
    while _is_list(flat.type):
        if flat.null_count:
            break
        flat = flat.flatten()
    if flat.null_count:
        raise ValueError(f"{flat.null_count} values are missing")
    values: NDArray[np.generic] = flat.to_numpy(zero_copy_only=False)
    return values.astype(dtype, copy=False).reshape(n, *shape)


def _is_list(kind: pa.DataType) -> bool:
    return bool(
        pa.types.is_list(kind) or pa.types.is_fixed_size_list(kind) or pa.types.is_large_list(kind)
    )


def same_values(kind: pa.DataType, other: pa.DataType) -> bool:
    """Whether two types hold the same values: lists of either kind, texts of either width."""
    while _is_list(kind) and _is_list(other):
        kind, other = kind.value_type, other.value_type
    texts = (pa.string(), pa.large_string())
    return bool(kind.equals(other) or (kind in texts and other in texts))
