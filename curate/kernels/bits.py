"""Loads and bit masks that numba lacks: how kernels look at 8 or 64 bytes of text at once."""

from __future__ import annotations

from llvmlite import ir
from numba import types
from numba.core.cgutils import get_or_insert_function
from numba.extending import intrinsic

_BYTE, _WORD = ir.IntType(8), ir.IntType(64)
_VECTOR = ir.VectorType(_BYTE, 64)
_FIRST_LANE = ir.Constant(ir.VectorType(ir.IntType(32), 64), [0] * 64)


@intrinsic
def byte_at(_context, address, index):  # type: ignore[no-untyped-def]
    """The byte at `address + index`, as `int64`.

    Functions that get an array count a reference to it on each call, which costs more than what the small ones here
    do; they get its address. As with arrays, nobody checks the bounds.
    """

    def generate(context, builder, signature, arguments):  # type: ignore[no-untyped-def]
        place = builder.inttoptr(builder.add(arguments[0], arguments[1]), _BYTE.as_pointer())
        return builder.zext(builder.load(place, align=1), _WORD)

    return types.int64(types.uint64, types.int64), generate


@intrinsic
def load64(_context, address):  # type: ignore[no-untyped-def]
    """Eight bytes at an address, aligned or not, the first in the lowest bits."""

    def generate(context, builder, signature, arguments):  # type: ignore[no-untyped-def]
        return builder.load(builder.inttoptr(arguments[0], _WORD.as_pointer()), align=1)

    return types.uint64(types.uint64), generate


@intrinsic
def store64(_context, address, value):  # type: ignore[no-untyped-def]
    """Write eight bytes to an address, aligned or not, the lowest bits first."""

    def generate(context, builder, signature, arguments):  # type: ignore[no-untyped-def]
        builder.store(arguments[1], builder.inttoptr(arguments[0], _WORD.as_pointer()), align=1)
        return context.get_dummy_value()

    return types.void(types.uint64, types.uint64), generate


@intrinsic
def trailing_zeros(_context, value):  # type: ignore[no-untyped-def]
    """How many of the lowest bits are zero; 64 if all are."""

    def generate(context, builder, signature, arguments):  # type: ignore[no-untyped-def]
        return builder.cttz(arguments[0], ir.Constant(ir.IntType(1), 0))

    return types.uint64(types.uint64), generate


@intrinsic
def popcount(_context, bits):  # type: ignore[no-untyped-def]
    """How many bits are set."""

    def generate(context, builder, signature, arguments):  # type: ignore[no-untyped-def]
        return builder.ctpop(arguments[0])

    return types.int64(types.uint64), generate


@intrinsic
def prefetch(_context, address):  # type: ignore[no-untyped-def]
    """Ask for the cache line at an address, which will be needed soon, and go on."""

    def generate(context, builder, signature, arguments):  # type: ignore[no-untyped-def]
        number = ir.IntType(32)
        kind = ir.FunctionType(ir.VoidType(), [_BYTE.as_pointer(), number, number, number])
        function = get_or_insert_function(builder.module, kind, "llvm.prefetch.p0")
        builder.call(function, [builder.inttoptr(arguments[0], _BYTE.as_pointer()), number(0), number(3), number(1)])
        return context.get_dummy_value()

    return types.none(types.uint64), generate


@intrinsic
def bytes_between(_context, address, first, last):  # type: ignore[no-untyped-def]
    """Of the 64 bytes at an address, those from `first` to `last`: bit i stands for byte i.

    LLVM makes of it a few vector instructions, so asking for one more range costs about a nanosecond.
    """

    def generate(context, builder, signature, arguments):  # type: ignore[no-untyped-def]
        address, first, last = arguments
        text = builder.load(builder.inttoptr(address, _VECTOR.as_pointer()), align=1)
        low, high = (_splat(builder, value) for value in (first, last))
        inside = builder.icmp_unsigned("<=", builder.sub(text, low), builder.sub(high, low))
        return builder.bitcast(inside, _WORD)

    return types.uint64(types.uint64, types.int64, types.int64), generate


def _splat(builder: ir.IRBuilder, value: ir.Value) -> ir.Value:
    """A vector that has the low byte of `value` 64 times."""
    undefined = ir.Constant(_VECTOR, ir.Undefined)
    lane = builder.insert_element(undefined, builder.trunc(value, _BYTE), ir.Constant(ir.IntType(32), 0))
    return builder.shuffle_vector(lane, undefined, _FIRST_LANE)
