"""Sixty-four bytes of a text at a time: which of them are of a kind, as the bits of one number.

A kernel that visits only the bits that are set steps over the rest of the text at the speed of memory (Langdale and
Lemire 2019, "Parsing Gigabytes of JSON per Second", section 3). Nothing is read past the end of an array.
"""

from __future__ import annotations

from llvmlite import ir
from numba import types
from numba.extending import intrinsic

from curate.kernels.bare import bare_njit
from curate.kernels.bits import byte_at, bytes_between, popcount, trailing_zeros
from curate.kernels.hashing import U64

#: Bytes of a block.
BLOCK = 64


@intrinsic
def address_of(_context, array):  # type: ignore[no-untyped-def]
    """The address of an array's first element; unlike `array.ctypes.data`, asking for it counts no reference."""

    def generate(context, builder, signature, arguments):  # type: ignore[no-untyped-def]
        pointer = context.make_array(signature.args[0])(context, builder, arguments[0]).data
        return builder.ptrtoint(pointer, ir.IntType(64))

    return types.uint64(array), generate


@intrinsic
def bits_between(_context, data, at, first, last):  # type: ignore[no-untyped-def]
    """Which of the 64 bytes from `at` are from `first` to `last`; those past the end of `data` are not."""

    def generate(context, builder, signature, arguments):  # type: ignore[no-untyped-def]
        array = context.make_array(signature.args[0])(context, builder, arguments[0])
        address = builder.add(builder.ptrtoint(array.data, ir.IntType(64)), arguments[1])
        left = builder.sub(array.nitems, arguments[1])
        inner = types.uint64(types.uint64, types.int64, types.int64, types.int64)
        return context.compile_internal(builder, _bits_between, inner, (address, left, *arguments[2:]))

    return types.uint64(data, types.int64, types.int64, types.int64), generate


def _bits_between(address, left, first, last):  # type: ignore[no-untyped-def]
    if left >= BLOCK:
        return bytes_between(address, first, last)
    return _tail_bits(address, left, first, last)


@bare_njit
def _tail_bits(address, left, first, last):  # type: ignore[no-untyped-def]
    bits = U64(0)
    for k in range(left):
        bits |= U64(first <= byte_at(address, k) <= last) << U64(k)
    return bits


@bare_njit
def low_bits(count):  # type: ignore[no-untyped-def]
    """The lowest `count` bits, from 0 to 64."""
    return ~U64(0) >> U64(BLOCK - count) if count > 0 else U64(0)


@bare_njit
def find_between(data, at, end, first, last):  # type: ignore[no-untyped-def]
    """The first position, from `at` on, of a byte from `first` to `last`; `end` if there is none before it.

    The bounds are best `np.int64`: numba compiles a copy of its own for each pair of plain constants.
    """
    while at < end:
        bits = bits_between(data, at, first, last)
        if bits:
            return min(end, at + types.int64(trailing_zeros(bits)))
        at += BLOCK
    return end


@bare_njit
def count_between(data, at, end, first, last):  # type: ignore[no-untyped-def]
    """How many bytes are from `first` to `last`; see `find_between` for the bounds."""
    count = types.int64(0)
    while at < end:
        count += popcount(bits_between(data, at, first, last) & low_bits(min(BLOCK, end - at)))
        at += BLOCK
    return count
