"""zstd (RFC 8878), a few blocks at a time.

libzstd gives all that it can make of its input, and a block of four bytes makes 128 KiB. So its input is measured out:
the headers of the blocks say where each ends.
"""

from __future__ import annotations

from typing import Any

import zstandard

from curate.ingest.input_file import InputFile

MAGIC = b"\x28\xb5\x2f\xfd"
_DICTIONARY_MAGIC = b"\x5d\x2a\x4d\x18"
_MAX_DICTIONARY_BYTES = 1 << 24
#: What the reference decoder grants, too, if nobody asks for more.
MAX_WINDOW_BYTES = 1 << 27
#: A block holds 128 KiB at most.
_BLOCKS_AT_ONCE = 8
_BLOCK_HEADER_BYTES = 3
#: No header of a frame is longer.
_FRAME_HEADER_BYTES = 18
_SAME_BYTE = 1
#: Behind the last block, or else what does not belong to the frame.
_CHECKSUM_BYTES = 4
#: A frame to be skipped, or damage: libzstd itself says how far it goes.
_ALL = 1 << 62


class Zstd:
    """The codec, by libzstd; with the dictionary of the WARC-Zstandard convention if the file begins with one."""

    name = "zstd"
    magic = MAGIC
    read_bytes = 1 << 16
    error: type[Exception] = zstandard.ZstdError

    def __init__(self, file: InputFile | None = None):
        dictionary = _dictionary(file) if file else None
        self._decompressor = zstandard.ZstdDecompressor(dict_data=dictionary, max_window_size=MAX_WINDOW_BYTES)

    def starts(self, head: bytes) -> bool:
        """A frame, or a skippable frame."""
        return head[:4] == MAGIC or (head[1:4] == b"\x2a\x4d\x18" and head[0] >> 4 == 5)

    def new(self) -> Frame:
        """A decompressor of one frame."""
        return Frame(self._decompressor.decompressobj())

    def inflate(self, stream: Frame, data: bytes, max_bytes: int) -> bytes:
        """What the next blocks of `data` inflate to, 1 MiB at most."""
        return stream.decompress(data)


class Frame:
    """One frame.

    Attributes:
        eof: whether it has ended.
        unused_data: what was given behind its end.
        unconsumed_tail: what was given and is to be given again.
    """

    def __init__(self, stream: Any):
        self._stream = stream
        self._begun = self._last = False
        #: Bytes up to the next header of a block.
        self._ahead = 0
        self.eof = False
        self.unused_data = self.unconsumed_tail = b""

    def decompress(self, data: bytes) -> bytes:
        """What the next blocks hold; `zstandard.ZstdError` if they are damaged."""
        taken = self._whole_blocks(data)
        self.unconsumed_tail = data[taken:]
        out = bytes(self._stream.decompress(data[:taken]))
        self.eof = self._stream.eof
        if self.eof:
            self.unused_data = self._stream.unused_data + self.unconsumed_tail
        return out

    def _whole_blocks(self, data: bytes) -> int:
        """How many bytes the next blocks take; all, if there is no end of a block among them."""
        if not self._begun:
            self._begun = True
            self._last = data[:4] != MAGIC or len(data) < _FRAME_HEADER_BYTES
            self._ahead = _ALL if self._last else zstandard.frame_header_size(data)
        at = self._ahead
        for _ in range(_BLOCKS_AT_ONCE):
            if self._last or at + _BLOCK_HEADER_BYTES > len(data):
                break
            header = int.from_bytes(data[at : at + _BLOCK_HEADER_BYTES], "little")
            self._last, kind, size = bool(header & 1), header >> 1 & 3, header >> 3
            at += _BLOCK_HEADER_BYTES + (1 if kind == _SAME_BYTE else size) + _CHECKSUM_BYTES * self._last
        taken = min(at or len(data), len(data))
        self._ahead = max(0, at - taken)
        return taken


def _dictionary(file: InputFile) -> Any:
    """The dictionary in a leading skippable frame, itself perhaps compressed, or None."""
    head = file.read_at(0, 8)
    size = int.from_bytes(head[4:8], "little")
    if head[:4] != _DICTIONARY_MAGIC or size > _MAX_DICTIONARY_BYTES:
        return None
    data = file.read_at(8, size)
    if data[:4] == MAGIC:
        try:
            data = zstandard.ZstdDecompressor().decompress(data, max_output_size=_MAX_DICTIONARY_BYTES)
        except zstandard.ZstdError:
            return None  # the frames that need it are then reported, each with libzstd's message
    return zstandard.ZstdCompressionDict(data)
