"""Which blocks of a page are content: those whose words are found in the gold text, in its order."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from curate.kernels.html_align import align_words

_WORD = re.compile(r"\w+")
#: The alignment takes this many bytes at most; a longer page is aligned as far as it fits.
_MAX_CELLS = 4_000_000_000


def words_of(text: str) -> list[str]:
    """The words that the F-measure counts: runs of letters, digits and underscores, lower-cased.

    >>> words_of("It's 5 o'clock.")
    ['it', 's', '5', 'o', 'clock']
    """
    return _WORD.findall(text.lower())


def word_f1(text: str, gold: str) -> tuple[float, float, float]:
    """F1, precision and recall of the words of a text, as often as they occur; all 1 if both texts have none.

    >>> word_f1("a b b", "b a c c")
    (0.5714285714285715, 0.6666666666666666, 0.5)
    """
    return counted_f1(Counter(words_of(text)), Counter(words_of(gold)))


def counted_f1(found: Counter[str], gold: Counter[str]) -> tuple[float, float, float]:
    """`word_f1` of words that are counted already."""
    if not gold:
        return (0.0, 0.0, 0.0) if found else (1.0, 1.0, 1.0)
    hits = (found & gold).total()
    precision, recall = hits / max(1, found.total()), hits / gold.total()
    return 2 * precision * recall / max(1e-9, precision + recall), precision, recall


def label_blocks(blocks: Sequence[list[str]], gold: Sequence[str]) -> NDArray[np.float32]:
    """The share of each block's words that is in the gold text, by an alignment that prefers runs.

    Args:
        blocks: the words of each block, in the order of the page.
        gold: the words of the gold text.

    Returns:
        `float32` of shape (blocks,), 0 to 1. A match counts if the word before or after it in the page is matched
        to the neighbouring word of the gold text, or if the block has no other word.

    >>> label_blocks([["home"], ["a", "fine", "day"], ["a", "b"]], ["a", "fine", "day"]).tolist()
    [0.0, 1.0, 0.0]
    """
    numbers: dict[str, int] = {}
    wanted = np.array([numbers.setdefault(word, len(numbers)) for word in gold], np.int32)
    found = np.array([numbers.setdefault(word, len(numbers)) for words in blocks for word in words], np.int32)
    matches = np.full(len(found), -1, np.int32)
    reach = min(len(found), _MAX_CELLS // max(1, len(wanted)))
    matches[:reach] = align_words(found[:reach], wanted)
    labels, at = np.zeros(len(blocks), np.float32), 0
    for number, words in enumerate(blocks):
        labels[number] = _in_runs(matches[at : at + len(words)]) / max(1, len(words))
        at += len(words)
    return labels


def _in_runs(matches: NDArray[np.int32]) -> int:
    """How many matches have a neighbour; a single word needs none."""
    if len(matches) < 2:
        return int((matches >= 0).sum())
    follows = (matches[1:] == matches[:-1] + 1) & (matches[:-1] >= 0)
    return int((np.append(follows, False) | np.append(False, follows)).sum())


def label_passages(
    blocks: Sequence[str], wanted: Sequence[str], unwanted: Sequence[str]
) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
    """The blocks that hold passages which are known to be content, or not to be; white space does not count.

    Returns:
        The labels, `float32`, and which blocks they are known of, `bool`. A wanted passage labels the longest block
        that holds it, an unwanted one all.

    >>> label_passages(["a menu", "two fine days", "more"], ["fine days"], ["menu"])
    (array([0., 1., 0.], dtype=float32), array([ True,  True, False]))
    """
    texts = ["".join(text.split()) for text in blocks]
    labels, known = np.zeros(len(texts), np.float32), np.zeros(len(texts), np.bool_)
    for passage in unwanted:
        known |= np.array(["".join(passage.split()) in text for text in texts], np.bool_)
    for passage in wanted:
        holding = [number for number, text in enumerate(texts) if "".join(passage.split()) in text]
        if holding:
            longest = max(holding, key=lambda number: len(texts[number]))
            labels[longest], known[longest] = 1.0, True
    return labels, known
