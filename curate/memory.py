"""The memory budget: how much there is, what each process may take, and an error before it is exceeded."""

from __future__ import annotations

import os
from pathlib import Path

from pydantic import ByteSize, TypeAdapter, ValidationError

from curate.control_groups import ROOT, memory_limit
from curate.errors import PipelineError, Problem, ResourceError

#: What a process takes before it holds any data: the interpreter, the libraries and the compiled loops.
PROGRAM_BYTES = 300_000_000
#: What a task holds for each byte of a batch, and for each input byte of its part, whose annotations it writes at once.
BATCH_FACTOR, PART_FACTOR = 20, 4
#: The part of the machine's memory that a run takes if nothing else is said.
MACHINE_SHARE = 0.8


def parse_size(text: str, where: str = "--memory") -> int:
    """A size in bytes.

    Raises:
        PipelineError: it is none.

    >>> parse_size("500MB"), parse_size("1.5 GiB")
    (500000000, 1610612736)
    """
    try:
        return int(TypeAdapter(ByteSize).validate_python(text))
    except ValidationError:
        message = f"'{text}' is not a size; expected a number with a unit, such as 500MB, 2GB or 1.5GiB"
        raise PipelineError([Problem(where, message)]) from None


def machine_bytes(root: Path = ROOT) -> int:
    """Memory that this process and its children may take: that of the machine, or less if a control group says so.

    Args:
        root: where `proc` and `sys` are.
    """
    return int(min(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"), memory_limit(root)))


def task_bytes(memory_bytes: int | None, workers: int, wanted: int, batch_bytes: int, part_bytes: int) -> int:
    """What a task may hold beside the program itself.

    Args:
        memory_bytes: for the whole run, the process that hands out the tasks included; None gives each task what is
            wanted, or less where the machine has less.
        workers: processes that do tasks; 0 if this one does.
        wanted: of the pipeline, `max_memory_bytes`.
        batch_bytes, part_bytes: of the pipeline; with their size grows what every task needs.

    Raises:
        ResourceError: that is too little for one batch of one part.

    >>> task_bytes(3_000_000_000, 2, 2_000_000_000, 8_000_000, 16_000_000)
    1050000000
    """
    programs = PROGRAM_BYTES * (workers + 1 if workers else 1)
    total = round(machine_bytes() * MACHINE_SHARE) if memory_bytes is None else memory_bytes
    share = (total - programs) // max(workers, 1)
    needed = BATCH_FACTOR * batch_bytes + PART_FACTOR * part_bytes
    if share < needed:
        least = programs + needed * max(workers, 1)
        raise ResourceError(
            f"{total:,} bytes of memory are too little: {max(workers, 1)} workers with batches of {batch_bytes:,} "
            f"bytes need {least:,}. Allow more (--memory), use fewer --workers, or lower batch_bytes and part_bytes"
        )
    return share if memory_bytes is not None else min(wanted, share)


def require(needed: int, allowed: int, what: str, remedy: str) -> None:
    """Make sure that something fits, before it is begun.

    Raises:
        ResourceError: it does not; the message has both figures.

    >>> require(1_000, 5_000, "learning merges", "lower sample_bytes")
    """
    if needed > allowed:
        raise ResourceError(
            f"{what} takes {needed:,} bytes of memory, and a task may hold {allowed:,}; {remedy}, "
            "or allow more (--memory)"
        )
