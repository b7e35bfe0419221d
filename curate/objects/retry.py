"""Trying again: what is worth another try, how long to wait before it, and what a failure means in words."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from itertools import count
from typing import TypeVar

from curate.errors import CurateError
from curate.objects.settings import StorageSettings

T = TypeVar("T")

#: Answers of a store that stay the same however often one asks, and mistakes of programs.
_PERMANENT = (
    FileNotFoundError,
    PermissionError,
    FileExistsError,
    IsADirectoryError,
    NotADirectoryError,
    ImportError,
    TypeError,
    ValueError,
    LookupError,
    AttributeError,
    AssertionError,
    MemoryError,
    CurateError,
)
#: The same by name, so that no client library has to be imported.
_PERMANENT_NAMES = ("NoCredentialsError", "PartialCredentialsError", "ProfileNotFound", "NoRegionError")


class BadAnswerError(OSError):
    """What arrived is not what was asked for: too short, or another content."""


def retrying(operation: Callable[[], T], settings: StorageSettings) -> T:
    """Do something until it succeeds, fails for good, or has been tried `tries` times.

    The wait before each new try is drawn at random below a bound that doubles, so that many workers that were told
    to slow down do not come back all at once.

    >>> answers = iter([OSError("503"), TimeoutError(), "data"])
    >>> def ask():
    ...     answer = next(answers)
    ...     if isinstance(answer, Exception):
    ...         raise answer
    ...     return answer
    >>> retrying(ask, StorageSettings(retry_seconds=0))
    'data'

    Raises:
        Exception: that of the last try.
    """
    for tried in count(1):
        try:
            return operation()
        except Exception as error:
            if is_permanent(error) or tried >= settings.tries:
                raise
        bound = min(settings.max_retry_seconds, settings.retry_seconds * 2 ** (tried - 1))
        time.sleep(random.uniform(0, bound))
    raise AssertionError("unreachable")


def is_permanent(error: Exception) -> bool:
    """Whether asking again cannot help."""
    return isinstance(error, _PERMANENT) or type(error).__name__ in _PERMANENT_NAMES


def in_words(error: Exception, url: str) -> str:
    """What went wrong at a URL and what to do about it, for the user."""
    kind = type(error).__name__
    if kind in ("NoCredentialsError", "PartialCredentialsError", "ProfileNotFound"):
        hint = "set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_PROFILE; see docs/storage.md"
        return f"{url}: there are no credentials for it\n    {hint}"
    if isinstance(error, PermissionError):
        hint = "check the credentials and what they may do; see docs/storage.md"
        return f"{url}: the store refuses access: {error}\n    {hint}"
    if isinstance(error, FileNotFoundError):
        return f"{url}: it is not there\n    check the name, and that its bucket exists"
    if isinstance(error, ImportError):
        return f"{url}: {missing_library(error, url)}"
    what = str(error).partition("\n")[0] or kind
    return f"{url}: {what}\n    check the address and the network (AWS_ENDPOINT_URL for stores of your own)"


def missing_library(error: ImportError, url: str) -> str:
    """Which package to install for a URL."""
    protocol = url.partition("://")[0]
    extra = (
        "'curate[s3]'" if protocol in ("s3", "s3a") else {"gs": "gcsfs", "gcs": "gcsfs", "abfs": "adlfs"}.get(protocol)
    )
    return f"{protocol}:// needs another library\n    " + (f"pip install {extra}" if extra else str(error))
