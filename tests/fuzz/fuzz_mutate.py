"""Damage by chance: bytes flipped, cut out, doubled, spliced, and tokens put in, the same for the same seed."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence

_MAX_BYTES = 60_000


def mutants(seeds: Sequence[bytes], tokens: Sequence[bytes], seed: int) -> Iterator[bytes]:
    """Inputs without end, each some changes away from one of the seeds.

    >>> first, second = (next(mutants([b"hello"], [b"!"], seed)) for seed in (1, 1))
    >>> first == second
    True
    """
    chance = random.Random(seed)
    while True:
        data = bytearray(chance.choice(seeds))
        for _ in range(min(40, 1 + int(chance.expovariate(0.3)))):
            chance.choice(_CHANGES)(data, chance, seeds, tokens)
        yield bytes(data[:_MAX_BYTES])


def _place(data: bytearray, chance: random.Random) -> int:
    return chance.randrange(len(data) + 1)


def _stretch(data: bytearray, chance: random.Random) -> slice:
    start = _place(data, chance)
    return slice(start, start + int(chance.expovariate(1 / 30)) + 1)


def _flip(data: bytearray, chance: random.Random, *_: Sequence[bytes]) -> None:
    if data:
        data[chance.randrange(len(data))] ^= 1 << chance.randrange(8)


def _set(data: bytearray, chance: random.Random, *_: Sequence[bytes]) -> None:
    if data:
        data[chance.randrange(len(data))] = chance.choice((0, 10, 32, 127, 128, 255, chance.randrange(256)))


def _cut_out(data: bytearray, chance: random.Random, *_: Sequence[bytes]) -> None:
    del data[_stretch(data, chance)]


def _cut_off(data: bytearray, chance: random.Random, *_: Sequence[bytes]) -> None:
    if chance.random() < 0.2:
        del data[_place(data, chance) :]


def _double(data: bytearray, chance: random.Random, *_: Sequence[bytes]) -> None:
    piece, place = data[_stretch(data, chance)], _place(data, chance)
    data[place:place] = piece * chance.choice((1, 1, 2, 50))


def _insert_token(data: bytearray, chance: random.Random, _: Sequence[bytes], tokens: Sequence[bytes]) -> None:
    place = _place(data, chance)
    data[place:place] = chance.choice(tokens)


def _put_token(data: bytearray, chance: random.Random, _: Sequence[bytes], tokens: Sequence[bytes]) -> None:
    token, place = chance.choice(tokens), _place(data, chance)
    data[place : place + len(token)] = token


def _splice(data: bytearray, chance: random.Random, seeds: Sequence[bytes], _: Sequence[bytes]) -> None:
    other = chance.choice(seeds)
    start, place = chance.randrange(len(other)), _place(data, chance)
    data[place:place] = other[start : start + chance.randrange(1, 400)]


def _change_number(data: bytearray, chance: random.Random, *_: Sequence[bytes]) -> None:
    digits = [at for at, byte in enumerate(data[:4000]) if 48 <= byte <= 57]
    if digits:
        data[chance.choice(digits)] = chance.randrange(48, 58)


_CHANGES = (
    _flip, _flip, _set, _cut_out, _cut_off, _double, _insert_token, _insert_token, _put_token, _splice, _change_number
)  # fmt: skip
