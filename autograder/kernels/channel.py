"""Messages between the worker and its sandboxes: one JSON value, its length before it."""

import json
import select
import socket
import struct
import time
from typing import Any


class Gone(ConnectionError):
    """The other side ended before it answered."""


class TooLong(ValueError):
    """The other side sent more than is read."""


class TookTooLong(TimeoutError):
    """No answer in time."""


def send(
    sock: socket.socket, message: Any, fds: list[int] | None = None, until: float | None = None
) -> None:
    """Send one message; `fds` go along as open files of the receiver.

    Raises Gone if nobody has taken it by `until`, a time.monotonic() moment."""
    body = json.dumps(message).encode()
    head = struct.pack("!Q", len(body))
    try:
        sock.settimeout(None if until is None else max(0.001, until - time.monotonic()))
        if fds:
            socket.send_fds(sock, [head], fds)
            sock.sendall(body)
        else:
            sock.sendall(head + body)
    except OSError as error:
        raise Gone(str(error)) from error


def waits(sock: socket.socket, until: float) -> bool:
    """Does a message (or the end) come in before this time.monotonic() moment?"""
    return bool(select.select([sock], [], [], max(0.0, until - time.monotonic()))[0])


def receive(sock: socket.socket, until: float | None = None, most: int = 200_000_000) -> Any:
    """The next message. `until` is a time.monotonic() moment. Raises Gone, TooLong,
    TookTooLong, or ValueError for what is not JSON."""
    return json.loads(body(sock, until, most))


def body(sock: socket.socket, until: float | None = None, most: int = 200_000_000) -> bytes:
    """The next message as it came, for those who count its bytes; as `receive` otherwise."""
    return _exactly(sock, _length(_exactly(sock, 8, until), most), until)


def receive_with_fds(sock: socket.socket, count: int) -> tuple[Any, list[int]]:
    """The next message and the open files that came along. Blocks."""
    head, fds, _, _ = socket.recv_fds(sock, 8, count)
    if not head:
        raise Gone("closed")
    head += _exactly(sock, 8 - len(head), None)
    return json.loads(_exactly(sock, _length(head, 200_000_000), None)), fds


def _length(head: bytes, most: int) -> int:
    (length,) = struct.unpack("!Q", head)
    if length > most:
        raise TooLong(f"a message of {length} bytes; at most {most} are read")
    return length


def _exactly(sock: socket.socket, count: int, until: float | None) -> bytes:
    parts, have = [], 0
    while have < count:
        left = None if until is None else until - time.monotonic()
        if have and left is not None and left <= 0:
            raise TookTooLong("it comes too slowly")  # a byte now and then is no answer
        try:
            sock.settimeout(None if left is None else max(0.001, left))
            part = sock.recv(min(count - have, 1 << 20))
        except TimeoutError:
            raise TookTooLong("no answer in time") from None
        except OSError as error:
            raise Gone(str(error)) from error
        if not part:
            raise Gone("the other side has ended")
        parts.append(part)
        have += len(part)
    return b"".join(parts)
