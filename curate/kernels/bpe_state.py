"""What BPE training works on: words, tokens and pairs of tokens in flat arrays, those that grow doubled in length.

All bytes of all words stand in one row of cells, with an empty cell between two words. A token covers the cells of its
bytes, and the first and the last of them hold its id: both neighbours of a token are found without a linked list, and
a merge writes two cells, however long the tokens are.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from curate.kernels.pair_queue import PairQueue

BYTES = 256
NONE = -1

#: Places in `State.used`.
TOKENS, PAIRS, PLACES, QUEUED, BEGUN, NEEDED = range(6)


class Words(NamedTuple):
    """The distinct pre-tokens.

    Attributes:
        counts: `int64` for each word, how often it occurs.
        symbols: `int32` for each cell, the id of the token that begins or ends there; `NONE` between words.
        pairs: `int32` for each cell, the pair of the token that begins there and the next; `NONE` if there is none.
        numbers: `int32` for each cell, the word.
    """

    counts: NDArray[np.int64]
    symbols: NDArray[np.int32]
    pairs: NDArray[np.int32]
    numbers: NDArray[np.int32]


class Tokens(NamedTuple):
    """The vocabulary.

    Attributes:
        sizes: `int32` for each token, in bytes.
        before, after: `int32` for each token, scratch of one merge: its pair with the new token after it, before it.
    """

    sizes: NDArray[np.int32]
    before: NDArray[np.int32]
    after: NDArray[np.int32]


class Pairs(NamedTuple):
    """Pairs of tokens, in the order in which they came into being.

    Attributes:
        keys: `uint64`, `left << 32 | right`.
        counts: `int64`, of all occurrences.
        begins, ends: `int64`: the cells where the pair has begun are `places[begins:ends]`, ascending.
    """

    keys: NDArray[np.uint64]
    counts: NDArray[np.int64]
    begins: NDArray[np.int64]
    ends: NDArray[np.int64]


class State(NamedTuple):
    """All that training works on.

    Attributes:
        places: `int32`, cells; see `Pairs`.
        begun: `int32` of shape (bytes, 2), scratch of one merge: pairs of the new token, and cells where they begin.
        merges: `uint64` for each token but the bytes, of which pair it was made.
        used: `int64`, how many there are of `TOKENS`, `PAIRS`, `PLACES`, of pairs that are `QUEUED`, and of rows
            `BEGUN`; and in `NEEDED` how many pairs and places more the next merge may make.
    """

    words: Words
    tokens: Tokens
    pairs: Pairs
    queue: PairQueue
    places: NDArray[np.int32]
    begun: NDArray[np.int32]
    merges: NDArray[np.uint64]
    used: NDArray[np.int64]

    @classmethod
    def empty(cls, counts: NDArray[np.int64], data_bytes: int, vocab_size: int) -> State:
        """For words that have `data_bytes` bytes in all."""
        cells = (np.full(data_bytes + len(counts) + 1, NONE, np.int32) for _ in range(3))
        words = Words(np.array(counts, np.int64), *cells)
        tokens = Tokens(np.ones(vocab_size, np.int32), *(np.full(vocab_size, NONE, np.int32) for _ in range(2)))
        pairs = Pairs(np.empty(BYTES**2, np.uint64), *(np.empty(BYTES**2, np.int64) for _ in range(3)))
        places, begun = np.empty(data_bytes, np.int32), np.empty((data_bytes, 2), np.int32)
        merges, used = np.empty(vocab_size, np.uint64), np.array([BYTES, 0, 0, 0, 0, 0], np.int64)
        return cls(words, tokens, pairs, PairQueue.of_size(BYTES**2), places, begun, merges, used)

    def with_room(self) -> State:
        """The same with room for the next merge."""
        needed = self.used[NEEDED]
        return self._replace(
            pairs=Pairs(*(_grown(array, self.used[PAIRS] + needed) for array in self.pairs)),
            queue=PairQueue(*(_grown(array, self.used[QUEUED] + needed) for array in self.queue)),
            places=_grown(self.places, self.used[PLACES] + needed),
        )


def _grown(array: NDArray[Any], size: int) -> NDArray[Any]:
    """An array, if it has room for `size`; else a copy that has, and at least twice the length."""
    if len(array) >= size:
        return array
    longer = np.empty(max(size, 2 * len(array)), array.dtype)
    longer[: len(array)] = array
    return longer
