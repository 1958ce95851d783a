"""The wire: what is packed comes back, as openpi packs it, and nothing else comes in."""

from contextlib import suppress
from typing import Any

import msgpack
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as some
from hypothesis.extra import numpy as arrays

from vla_sim.errors import BadMessage
from vla_sim.loop.serving.wire import pack, unpack

NUMBERS = some.sampled_from(["<f4", "<f8", "|u1", "<i8", "|b1", "<f2", ">f4", "<U3"])


@given(arrays.arrays(NUMBERS, arrays.array_shapes(min_dims=0, max_dims=4, min_side=0, max_side=4)))
def test_arrays_come_back(sent: np.ndarray[Any, Any]) -> None:
    got = unpack(pack({"a": sent, "b": [sent, "text", 3]}))
    assert got["b"][1:] == ["text", 3]
    for array in (got["a"], got["b"][0]):
        assert array.dtype == sent.dtype and array.shape == sent.shape
        assert array.tobytes() == sent.tobytes()


def test_scalars_come_back() -> None:
    for value in (np.float32(1.5), np.int64(-3), np.bool_(True)):
        got = unpack(pack(value))
        assert got == value and type(got) is type(value)


def test_it_is_openpis_encoding() -> None:
    plain = msgpack.unpackb(
        pack(np.arange(6, dtype=np.float32).reshape(2, 3)), strict_map_key=False
    )
    assert plain == {
        b"__ndarray__": True,
        b"data": np.arange(6, dtype=np.float32).tobytes(),
        b"dtype": "<f4",
        b"shape": [2, 3],
    }


def array(**changes: object) -> bytes:
    plain = {"__ndarray__": True, "data": b"\0" * 16, "dtype": "<f4", "shape": [2, 2]}
    held = {key.encode(): value for key, value in {**plain, **changes}.items()}
    return bytes(msgpack.packb(held))


@pytest.mark.parametrize(
    ("data", "complaint"),
    [
        (b"", "no msgpack message"),
        (b"\xc1", "no msgpack message"),
        (b"\x91" * 5000, "no msgpack message"),
        (array(dtype="|O"), "do not travel"),
        (array(dtype="|V4"), "do not travel"),
        (array(dtype="<c8"), "do not travel"),
        (array(dtype="<f4,<f4"), "do not travel|no dtype"),
        (array(dtype=7), "7 is no dtype"),
        (array(dtype="nonsense"), "no dtype"),
        (array(shape=[2**40, 2**40]), "came in 16 bytes"),
        (array(shape=[-2, -2]), "no shape"),
        (array(shape=[1] * 40), "no shape"),
        (array(shape="22"), "without its bytes or its shape"),
        (array(data="0" * 16), "without its bytes or its shape"),
        (array(data=b"123"), "came in 3 bytes"),
        (msgpack.packb({b"__npgeneric__": True, b"data": "x", b"dtype": "<f4"}), "cannot be read"),
    ],
)
def test_what_is_no_message_is_refused(data: bytes, complaint: str) -> None:
    with pytest.raises(BadMessage, match=complaint):
        unpack(data)


@given(some.binary(max_size=200))
def test_whatever_comes_is_a_message_or_refused(data: bytes) -> None:
    with suppress(BadMessage):
        unpack(data)


@pytest.mark.parametrize("sent", [np.array([object()]), np.array([1j]), object(), {1, 2}])
def test_what_does_not_travel_is_not_sent(sent: object) -> None:
    with pytest.raises(BadMessage):
        pack(sent)
