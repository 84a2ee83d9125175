"""Hands each event to every open page; a page that cannot keep up is sent away and begins anew."""

import asyncio
from collections import deque
from collections.abc import AsyncGenerator, Callable
from typing import Final

import msgspec

_CAPACITY: Final = 2_000
_CAPACITY_BYTES: Final = 8 << 20
"""A page that is further behind is told everything anew in fewer."""

_TOGETHER_S: Final = 0.02
"""What comes within this time goes out at once: twenty pages are woken fifty times a second at most."""

_ENCODER: Final = msgspec.json.Encoder()


class Hub:
    """The open pages.

    Attributes:
        sent_away: How many were too slow.
    """

    def __init__(self) -> None:
        """There are none yet."""
        self._pages: set[_Page] = set()
        self.sent_away = 0

    @property
    def pages(self) -> int:
        """How many are open."""
        return len(self._pages)

    def send(self, event: str, payload: object) -> None:
        """Hand ``payload`` to every page; encoded once, and only if somebody looks."""
        if self._pages:
            frame = frame_of(event, payload)
            for page in self._pages:
                self.sent_away += not page.take(frame)

    async def follow(self, first: Callable[[], bytes]) -> AsyncGenerator[bytes, None]:
        """``first`` and then every event from that moment on, until the page is too slow or the hub closes."""
        page = _Page()
        self._pages.add(page)
        try:
            yield first()
            while (frames := await page.next()) is not None:
                yield frames
        finally:
            self._pages.discard(page)

    def close(self) -> None:
        """Send everybody away."""
        for page in self._pages:
            page.close()


class _Page:
    def __init__(self) -> None:
        self._frames: deque[bytes] = deque()
        self._bytes = 0
        self._has_news = asyncio.Event()
        self._is_open = True

    def take(self, frame: bytes) -> bool:
        """Keep ``frame`` until it can be sent; False if it is one too many, and the page is sent away."""
        if len(self._frames) >= _CAPACITY or (self._frames and self._bytes + len(frame) > _CAPACITY_BYTES):
            self.close()
            return False
        if self._is_open:
            self._frames.append(frame)
            self._bytes += len(frame)
            self._has_news.set()
        return True

    def close(self) -> None:
        self._is_open = False
        self._clear()
        self._has_news.set()

    async def next(self) -> bytes | None:
        await self._has_news.wait()
        await asyncio.sleep(_TOGETHER_S)
        self._has_news.clear()
        if not self._is_open:
            return None
        frames = b"".join(self._frames)
        self._clear()
        return frames

    def _clear(self) -> None:
        self._frames.clear()
        self._bytes = 0


def frame_of(event: str, payload: object) -> bytes:
    """One server-sent event; JSON has no line break in it."""
    return b"event: %b\ndata: %b\n\n" % (event.encode(), _ENCODER.encode(payload))
