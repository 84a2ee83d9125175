"""Pages of the console that look on: each has a stream of events of its own, as twenty browsers would."""

import contextlib
import os
import selectors
import socket
import threading
from collections.abc import Generator
from typing import Final

from signald.errors import CheckFailedError
from signald.simulate.child import LOOPBACK

_TRIES: Final = 400
_WAIT_S: Final = 0.05
_CHUNK: Final = 1 << 16


@contextlib.contextmanager
def open_pages(port: int, count: int) -> Generator[None]:
    """Inside, ``count`` pages read all that the console at ``port`` tells.

    Raises:
        CheckFailedError: It does not answer.
    """
    request = f"GET /events HTTP/1.1\r\nHost: {LOOPBACK}:{port}\r\nAccept: text/event-stream\r\n\r\n".encode()
    ended = threading.Event()
    with contextlib.ExitStack() as stack:
        selector = stack.enter_context(selectors.DefaultSelector())
        for _ in range(count):
            page = stack.enter_context(_connect(port))
            page.sendall(request)
            selector.register(page, selectors.EVENT_READ)
        thread = threading.Thread(target=_read, args=(selector, ended), daemon=True)
        thread.start()
        try:
            yield
        finally:
            ended.set()
            thread.join()


def _connect(port: int) -> socket.socket:
    for _ in range(_TRIES):
        with contextlib.suppress(OSError):
            return socket.create_connection((LOOPBACK, port), timeout=1.0)
        threading.Event().wait(_WAIT_S)
    msg = f"no console answers at {LOOPBACK}:{port}"
    raise CheckFailedError(msg)


def _read(selector: selectors.BaseSelector, ended: threading.Event) -> None:
    if hasattr(os, "SCHED_IDLE"):  # browsers are on other machines, as a rule
        os.sched_setscheduler(0, os.SCHED_IDLE, os.sched_param(0))
    while not ended.is_set():
        for key, _ in selector.select(timeout=_WAIT_S):
            page = key.fileobj
            if isinstance(page, socket.socket) and not page.recv(_CHUNK):
                selector.unregister(page)
