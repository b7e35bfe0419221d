"""fastText reads lines: one function turns texts into lines it reads whole, one gives the best label of each."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

LABEL = "__label__"
END_OF_LINE = "</s>"

# fastText stops at a newline and at the token </s>, and takes a token that begins with __label__ for a label
_NOT_TEXT = rf"({LABEL}|{END_OF_LINE}|[\s\v\x00]+)"


def as_lines(texts: pa.Array, max_chars: int) -> pa.Array:
    """The first `max_chars` characters of each text on one line, without what fastText takes for markup.

    >>> as_lines(pa.array(["two\\nlines </s> __label__de end"]), 1000).to_pylist()
    ['two lines   de end']
    """
    return pc.replace_substring_regex(pc.utf8_slice_codeunits(texts, 0, max_chars), _NOT_TEXT, " ")


def load_model(path: Path) -> Any:
    """A fastText model; check its sha256 first, for a truncated file loads without an error."""
    import fasttext

    return fasttext.load_model(str(path)).f


def best_labels(model: Any, lines: pa.Array) -> tuple[Sequence[str], NDArray[np.float64]]:
    """The likeliest label of each line, without its prefix, and its probability.

    fastText adds 1e-5 to a probability before it takes the logarithm, so it can say 1.00001; that is cut to 1.
    """
    labels, scores = model.multilinePredict([line + "\n" for line in lines.to_pylist()], 1, 0.0, "strict")
    best = np.concatenate(scores).astype(np.float64) if scores else np.empty(0)
    return [label[0].removeprefix(LABEL) for label in labels], np.minimum(best, 1.0)
