"""Arrow string arrays as the two numpy arrays that every kernel reads."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray


def text_buffers(texts: pa.Array) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    """The bytes of an array of strings and where each begins, without copying the bytes.

    Args:
        texts: `string` or `large_string`, without nulls; checked once here so that no kernel has to.

    Returns:
        `data`, `uint8`; and `offsets`, `int64` of shape (n + 1,): text i is `data[offsets[i]:offsets[i + 1]]`.

    Raises:
        TypeError: the array is of another type, such as bytes that need not be text.
        ValueError: the array has nulls or is not valid Arrow (offsets out of range, text that is not UTF-8).

    >>> data, offsets = text_buffers(pa.array(["ab", "", "c"]))
    >>> bytes(data), offsets.tolist()
    (b'abc', [0, 2, 2, 3])
    """
    if texts.null_count:
        raise ValueError(f"{texts.null_count} texts are null; fill them first")
    wide = pa.types.is_large_string(texts.type)
    if not (wide or pa.types.is_string(texts.type)):
        raise TypeError(f"texts are {texts.type}, not string or large_string; cast them first")
    texts.validate(full=True)
    _, offset_buffer, data_buffer = texts.buffers()
    data, offsets = np.frombuffer(data_buffer or b"", dtype=np.uint8), np.zeros(1, np.int64)
    data.flags.writeable = False  # whoever made the buffer: kernels are compiled anew for an array that can be written
    if len(texts) > 0:
        narrow = np.frombuffer(offset_buffer, dtype=np.int64 if wide else np.int32)
        offsets = narrow[texts.offset : texts.offset + len(texts) + 1].astype(np.int64)
    return data[offsets[0] : offsets[-1]], offsets - offsets[0]
