"""What a command does when it is told to end: clean up, say how to go on, and exit as such a command should."""

from __future__ import annotations

import os
import shlex
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

#: Ctrl-C; `kill`, and what batch systems and containers send; a closed terminal.
SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Interrupted(KeyboardInterrupt):
    """Raised in the main thread by the first of the signals; no `Exception`, so that nothing takes it for a failure.

    >>> Interrupted(signal.SIGTERM).exit_code
    143
    """

    def __init__(self, number: int):
        super().__init__(signal.Signals(number).name)
        self.exit_code = 128 + number


@contextmanager
def interruptible() -> Iterator[None]:
    """Within, the first signal raises `Interrupted` and a second one ends the process at once.

    Signals that the process was started without, as by `nohup`, stay ignored.
    """
    before = {number: signal.getsignal(number) for number in SIGNALS}
    heeded = [number for number, handler in before.items() if handler != signal.SIG_IGN]
    terminals = [descriptor for descriptor in (1, 2) if os.isatty(descriptor)]
    received = [signal.SIGINT]

    def first(number: int, _: FrameType | None) -> None:
        received[0] = signal.Signals(number)
        for each in heeded:
            signal.signal(each, second)
        if number == signal.SIGHUP:
            _discard(terminals)
        raise Interrupted(number)

    def second(number: int, _: FrameType | None) -> None:
        os.write(2, f"{how_to_go_on()}\n".encode())
        os._exit(128 + number)

    for number in heeded:
        signal.signal(number, first)
    try:
        yield
    except KeyboardInterrupt:  # Ray raises one of its own in place of ours
        raise Interrupted(received[0]) from None
    finally:
        for number in heeded:
            signal.signal(number, before[number])


def how_to_go_on() -> str:
    """What to tell whoever interrupted a run."""
    return f"interrupted; the same command goes on where it stopped:\n  curate {shlex.join(sys.argv[1:])}"


def _discard(terminals: list[int]) -> None:
    """Let what is still printed to a terminal that was closed vanish instead of fail."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    for descriptor in terminals:
        os.dup2(nowhere, descriptor)
    os.close(nowhere)
