"""MinHash against datasketch, bit for bit."""

from __future__ import annotations

import numpy as np
from datasketch import MinHash
from hypothesis import given, settings
from hypothesis import strategies as st

from curate.kernels.minhash import EMPTY, minhash_signatures, permutations

shingle_sets = st.lists(st.lists(st.integers(0, 2**64 - 1) | st.integers(0, 9), max_size=20), max_size=5)


def _signatures_of(texts: list[list[int]], num_perm: int, seed: int) -> np.ndarray:
    offsets = np.cumsum([0, *map(len, texts)]).astype(np.int64)
    shingles = np.array([value for text in texts for value in text], np.uint64)
    return minhash_signatures(shingles, offsets, num_perm, seed)


@settings(deadline=None)  # the first call compiles
@given(shingle_sets, st.integers(1, 300), st.integers(0, 2**32 - 1))
def test_signatures_are_those_of_datasketch(texts: list[list[int]], num_perm: int, seed: int) -> None:
    """For any shingles, number of permutations and seed each of the `uint32` values is the same."""
    expected = []
    for text in texts:
        oracle = MinHash(num_perm, seed, scheme="affine32", hashfunc=int)
        oracle.update_batch([value & 0xFFFFFFFF for value in text])
        expected.append(oracle.hashvalues)
    signatures = _signatures_of(texts, num_perm, seed)
    assert signatures.dtype == np.uint32 and signatures.shape == (len(texts), num_perm)
    assert np.array_equal(signatures, np.array(expected, np.uint32).reshape(-1, num_perm))


def test_permutations_are_those_of_datasketch() -> None:
    """The default seed and size draw the same multipliers and offsets."""
    assert np.array_equal(np.array(permutations(128, 1)), MinHash(128, 1, scheme="affine32").permutations)


@settings(deadline=None)  # the first call compiles
@given(st.lists(st.integers(0, 2**32 - 1), max_size=30), st.randoms(use_true_random=False))
def test_order_and_repeats_do_not_matter(shingles: list[int], random) -> None:
    """A signature is that of the set of shingles."""
    shuffled = shingles * 2
    random.shuffle(shuffled)
    one, other = _signatures_of([shingles, shuffled], 64, 1)
    assert np.array_equal(one, other)


def test_an_empty_text_has_the_empty_signature() -> None:
    """No shingle, no minimum: every value is the greatest, between texts that have some too."""
    signatures = _signatures_of([[], [1, 2, 3], []], 16, 1)
    assert (signatures[[0, 2]] == EMPTY).all() and (signatures[1] < EMPTY).any()


def test_agreement_estimates_the_jaccard_similarity() -> None:
    """Over sets of known similarity the share of equal values is within four standard errors."""
    draw = np.random.default_rng(5)
    for shared, own in ((900, 50), (500, 250), (100, 450)):
        values = draw.integers(0, 2**64 - 1, shared + 2 * own, dtype=np.uint64).tolist()
        one, other = _signatures_of([values[: shared + own], values[:shared] + values[shared + own :]], 1024, 1)
        jaccard = shared / (shared + 2 * own)
        assert abs((one == other).mean() - jaccard) < 4 * np.sqrt(jaccard * (1 - jaccard) / 1024)
