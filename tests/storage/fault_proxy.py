"""A proxy that does to HTTP requests what object stores and networks do: `python fault_proxy.py PORT_OF_THE_STORE`.

The port is printed on standard output; it ends when standard input does. `GET /-/faults?seed=7&rate=0.2` begins a
schedule, in which the fault of the n-th request depends on seed and n alone; the answer says what has happened since
the last one, as JSON: requests by method, and faults by name. Other settings stay on: `only=NAME` picks one fault.
"""

from __future__ import annotations

import asyncio
import json
import random
import sys
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, field
from urllib.parse import parse_qs, urlsplit

_SLOW_DOWN = b"<Error><Code>SlowDown</Code><Message>Please reduce your request rate.</Message></Error>"
#: Weight of each fault; a held answer costs the test its client's patience.
FAULTS = {
    "unavailable": 4,
    "slow_down": 4,
    "refused": 3,
    "answer_lost": 4,
    "reset_in_body": 4,
    "too_short": 3,
    "wrong_length": 3,
    "duplicate": 4,
    "held": 0.3,
}
_HELD_SECONDS = 2.0


@dataclass
class Request:
    """A request as bytes, and what the proxy wants to know of it."""

    method: str
    target: str
    head: bytes
    body: bytes

    @property
    def is_list(self) -> bool:
        """Whether it asks what is in a bucket."""
        return self.method == "GET" and "list-type" in self.target


@dataclass
class Schedule:
    """Which request suffers what."""

    seed: int = 0
    rate: float = 0.0
    only: str = ""
    number: int = 0
    happened: Counter[str] = field(default_factory=Counter)
    paths: list[str] = field(default_factory=list)
    listings: dict[str, bytes] = field(default_factory=dict)

    def fault(self, request: Request) -> str:
        """The fault of the next request, empty if it is spared."""
        self.number += 1
        draw = random.Random(f"{self.seed} {self.number}")
        if draw.random() >= self.rate:
            return ""
        if request.is_list and draw.random() < 0.5:
            return "stale"
        return self.only or draw.choices(list(FAULTS), list(FAULTS.values()))[0]


class Proxy:
    """Passes requests on to a store, but for the faults of its schedule."""

    def __init__(self, store_port: int):
        self.store_port = store_port
        self.schedule = Schedule()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer the requests of a connection."""
        with suppress(ConnectionError, asyncio.IncompleteReadError):
            while request := await self._receive(reader, writer):
                if not await self._answer(request, writer):
                    break
        writer.transport.abort()

    async def _receive(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> Request | None:
        head = await reader.readuntil(b"\r\n\r\n")
        method, target, _ = head.split(b"\r\n")[0].decode().split(" ")
        headers = {
            name.strip().lower(): value.strip()
            for name, _, value in (line.partition(b":") for line in head.split(b"\r\n")[1:])
        }
        if b"expect" in headers:
            writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
            await writer.drain()
        if headers.get(b"transfer-encoding") == b"chunked":
            body = await _chunks(reader)
        else:
            body = await reader.readexactly(int(headers.get(b"content-length", 0)))
        return Request(method, target, head, body)

    async def _answer(self, request: Request, writer: asyncio.StreamWriter) -> bool:
        """Answer a request; whether the connection is still of use."""
        if request.target.startswith("/-/"):
            writer.write(self._control(request.target))
            return True
        fault = self.schedule.fault(request)
        self.schedule.happened[request.method] += 1
        self.schedule.happened["LIST"] += request.is_list
        self.schedule.paths.append(f"{request.method} {request.target}")
        if fault:
            self.schedule.happened[fault] += 1
        if fault in ("unavailable", "slow_down"):
            body = _SLOW_DOWN if fault == "slow_down" else b""
            writer.write(_response("503 Slow Down" if body else "503 Service Unavailable", body))
            return True
        if fault == "refused":
            return False
        answer = await self._pass_on(request)
        if fault == "duplicate" and request.method == "PUT":
            answer = await self._pass_on(request)
        if fault == "answer_lost":
            return False
        if fault == "held":
            await asyncio.sleep(_HELD_SECONDS)
        if request.is_list:
            answer = self._stale(request, answer, fault)
        return await _send(answer, fault if request.method == "GET" else "", writer)

    def _stale(self, request: Request, answer: bytes, fault: str) -> bytes:
        """The first listing that was ever given instead of the present one."""
        key = request.target.partition("?")[0] + "".join(
            sorted(parse_qs(urlsplit(request.target).query).get("prefix", []))
        )
        first = self.schedule.listings.setdefault(key, answer)
        return first if fault == "stale" else answer

    async def _pass_on(self, request: Request) -> bytes:
        """The whole answer of the store."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self.store_port)
        dropped = (b"connection:", b"expect:", b"transfer-encoding:", b"content-length:")
        lines = [line for line in request.head.split(b"\r\n") if line and not line.lower().startswith(dropped)]
        lines += [b"Connection: close", b"Content-Length: %d" % len(request.body)]
        writer.write(b"\r\n".join(lines) + b"\r\n\r\n" + request.body)
        await writer.drain()
        answer = await reader.read()
        writer.close()
        return answer

    def _control(self, target: str) -> bytes:
        old = self.schedule
        options = {name: values[-1] for name, values in parse_qs(urlsplit(target).query).items()}
        rate, seed = float(options.get("rate", 0)), int(options.get("seed", 0))
        self.schedule = Schedule(seed, rate, options.get("only", ""), listings=old.listings)
        return _response("200 OK", json.dumps({"happened": old.happened, "paths": old.paths}).encode())


async def _chunks(reader: asyncio.StreamReader) -> bytes:
    body = b""
    while size := int((await reader.readline()).partition(b";")[0], 16):
        body += (await reader.readexactly(size + 2))[:-2]
    await reader.readuntil(b"\r\n")
    return body


def _response(status: str, body: bytes) -> bytes:
    head = f"HTTP/1.1 {status}\r\nContent-Type: application/xml\r\nContent-Length: {len(body)}\r\n\r\n"
    return head.encode() + body


async def _send(answer: bytes, fault: str, writer: asyncio.StreamWriter) -> bool:
    """Send an answer whole, or less of it; each answer ends its connection, as the store's do."""
    head, _, body = answer.partition(b"\r\n\r\n")
    kept = body[: len(body) // 2]
    if fault == "wrong_length" and body:  # as if the object were shorter
        lines = [line for line in head.split(b"\r\n") if not line.lower().startswith(b"content-length:")]
        answer = b"\r\n".join([*lines, b"Content-Length: %d" % len(kept)]) + b"\r\n\r\n" + kept
    elif fault in ("too_short", "reset_in_body") and body:
        answer = head + b"\r\n\r\n" + kept
    writer.write(answer)
    await writer.drain()
    if fault != "reset_in_body":
        writer.close()
        await writer.wait_closed()
    return False


async def main(store_port: int) -> None:
    """Serve until standard input ends."""
    proxy = Proxy(store_port)
    server = await asyncio.start_server(proxy.serve, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1])))
