"""Columns: between numpy arrays and arrow arrays of one shape per row."""

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray


def to_arrow(array: NDArray[np.generic], kind: pa.DataType) -> pa.Array:
    """An arrow array of `kind` with one entry per row of `array`, shape (n, ...)."""
    flat = pa.array(array.reshape(-1))
    if pa.types.is_fixed_size_list(kind):
        return pa.FixedSizeListArray.from_arrays(flat, type=kind)
    if not pa.types.is_list(kind):
        return flat.cast(kind)
    nested = flat
    for depth in range(array.ndim - 1, 0, -1):
        width = array.shape[depth]
        n_lists = int(np.prod(array.shape[:depth]))
        offsets = pa.array(np.arange(n_lists + 1, dtype=np.int32) * width)
        nested = pa.ListArray.from_arrays(offsets, nested)
    return nested


def to_numpy(column: pa.ChunkedArray, shape: tuple[int, ...], dtype: str) -> NDArray[np.generic]:
    """The array (n, *shape) that a column holds.

    Raises:
        ValueError: If the column has missing values or rows of another shape.
    """
    flat = column.combine_chunks()
    if isinstance(flat, pa.ChunkedArray):
        flat = flat.chunk(0) if flat.num_chunks else pa.array([], type=flat.type)
    n = len(flat)
    while pa.types.is_list(flat.type) or pa.types.is_fixed_size_list(flat.type):
        flat = flat.flatten()
    if flat.null_count:
        raise ValueError(f"{flat.null_count} values are missing")
    values: NDArray[np.generic] = flat.to_numpy(zero_copy_only=False)
    return values.astype(dtype, copy=False).reshape(n, *shape)
