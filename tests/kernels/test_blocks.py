"""Blocks of 64 bytes against comparing byte by byte."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from numba import njit

from curate.kernels.bits import popcount
from curate.kernels.blocks import bits_between, count_between, find_between, low_bits

data = st.binary(max_size=200).map(lambda raw: np.frombuffer(raw, np.uint8))
byte = st.integers(0, 255)


@njit
def _bits(data, at, first, last):  # type: ignore[no-untyped-def]
    return bits_between(data, at, first, last)


@njit
def _popcount(bits):  # type: ignore[no-untyped-def]
    return popcount(bits)


@settings(deadline=None)  # the first call compiles
@given(data, st.integers(0, 210), byte, byte)
def test_bits_are_those_of_the_bytes_in_range(data: np.ndarray, at: int, one: int, other: int) -> None:
    """Bit k is set exactly if byte `at + k` exists and is in range, also where less than 64 bytes are left."""
    first, last = min(one, other), max(one, other)
    expected = sum(1 << k for k, value in enumerate(data[at : at + 64].tolist()) if first <= value <= last)
    assert int(_bits(data, at, first, last)) == expected
    assert int(_popcount(np.uint64(expected))) == expected.bit_count()


@settings(deadline=None)  # the first call compiles
@given(data, st.data(), byte, byte)
def test_found_and_counted_bytes_lie_between_the_bounds(
    data: np.ndarray, draw: st.DataObject, one: int, other: int
) -> None:
    """Bytes before the first position and from `end` on do not matter."""
    at = draw.draw(st.integers(0, len(data)))
    end = draw.draw(st.integers(at, len(data)))
    first, last = min(one, other), max(one, other)
    hits = [place for place in range(at, end) if first <= data[place] <= last]
    assert find_between(data, at, end, first, last) == (hits[0] if hits else end)
    assert count_between(data, at, end, first, last) == len(hits)


def test_low_bits_from_none_to_all() -> None:
    """Every count from 0 to 64 has its mask."""
    assert [int(low_bits(count)) for count in range(65)] == [(1 << count) - 1 for count in range(65)]
