"""The digests that WARC records carry, and whether the bytes still have them."""

from __future__ import annotations

import base64
import binascii
import hashlib
from collections.abc import Callable, Sequence

#: Algorithms by their names in records, without hyphens.
_ALGORITHMS = {name: name for name in ("md5", "sha1", "sha256", "sha384", "sha512", "blake2b", "blake2s")}
_Decoder = Callable[[str], bytes]


def digest_differs(header: str, *contents: bytes | memoryview) -> bool:
    """Whether a digest is that of none of some contents; not if it cannot be told.

    Args:
        header: the value of WARC-Block-Digest or WARC-Payload-Digest, `ALGORITHM:VALUE`, the value in Base 32 as the
            standard has it, in hexadecimal or in Base 64. A value that is none of these, and an algorithm that is not
            known, tell nothing.
        contents: which of several it is of, the standard leaves open for payloads.

    >>> digest_differs("sha1:UZY6ND6CCHXETFVJD2MSS7ZENMWF7KQ2", b"hello"), digest_differs("sha1:broken", b"hello")
    (True, False)
    >>> digest_differs("sha1:aaf4c61ddcc5e8a2dabede0f3b482cd9aea9434d", b"hello")
    False
    """
    algorithm, _, value = header.strip().partition(":")
    name = _ALGORITHMS.get(algorithm.strip().lower().replace("-", ""))
    if name is None:
        return False
    said = _decoded(value.strip(), hashlib.new(name).digest_size)
    return bool(said) and all(hashlib.new(name, content).digest() not in said for content in contents)


def _decoded(value: str, size: int) -> Sequence[bytes]:
    """The bytes of a value, in each encoding in which it has that many."""
    padded = value + "=" * (-len(value) % 8)
    decoders: list[tuple[_Decoder, str]] = [
        (bytes.fromhex, value),
        (base64.b32decode, padded.upper()),
        (base64.b64decode, value + "=" * (-len(value) % 4)),
        (base64.urlsafe_b64decode, value + "=" * (-len(value) % 4)),
    ]
    found = []
    for decode, text in decoders:
        try:
            found.append(decode(text))
        except (ValueError, binascii.Error):  # not in this encoding
            continue
    return [data for data in found if len(data) == size]
