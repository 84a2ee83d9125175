"""Hands events to every open page, many at once; a page that cannot keep up is sent away and begins anew."""

import asyncio
from collections.abc import AsyncGenerator, Callable
from typing import Final

import msgspec

_CAPACITY: Final = 2_000
_CAPACITY_BYTES: Final = 8 << 20
"""A page that is further behind is told everything anew in fewer."""

_TOGETHER_S: Final = 0.02
"""What comes within this time goes out at once, the same bytes to all: signals and status are read at other times."""

_ENCODER: Final = msgspec.json.Encoder()


class Hub:
    """The open pages.

    Attributes:
        sent_away: How many were too slow.
    """

    def __init__(self) -> None:
        """There are none yet."""
        self._pages: set[_Page] = set()
        self._frames: list[bytes] = []
        self.sent_away = 0

    @property
    def pages(self) -> int:
        """How many are open."""
        return len(self._pages)

    def send(self, event: str, payload: object) -> None:
        """Hand ``payload`` to every page, soon; encoded once, and only if somebody looks."""
        if self._pages:
            if not self._frames:
                asyncio.get_running_loop().call_later(_TOGETHER_S, self._flush)
            self._frames.append(frame_of(event, payload))

    async def follow(self, first: Callable[[], bytes]) -> AsyncGenerator[bytes, None]:
        """``first`` and then every event from that moment on, until the page is too slow or the hub closes."""
        page = _Page()
        self._flush()  # what was sent before is in the first
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

    def _flush(self) -> None:
        frames, self._frames = self._frames, []
        if frames:
            batch = b"".join(frames)
            for page in self._pages:
                self.sent_away += not page.take(batch, len(frames))


class _Page:
    def __init__(self) -> None:
        self._batches: list[bytes] = []
        self._frames = 0
        self._bytes = 0
        self._has_news = asyncio.Event()
        self._is_open = True

    def take(self, batch: bytes, frames: int) -> bool:
        """Keep ``frames`` as one until they can be sent; False if they are too many, and the page is sent away."""
        if not self._is_open:
            return True
        self._frames += frames
        self._bytes += len(batch)
        if self._frames > _CAPACITY or (self._frames > 1 and self._bytes > _CAPACITY_BYTES):
            self.close()
            return False
        self._batches.append(batch)
        self._has_news.set()
        return True

    def close(self) -> None:
        self._is_open = False
        self._clear()
        self._has_news.set()

    async def next(self) -> bytes | None:
        await self._has_news.wait()
        self._has_news.clear()
        if not self._is_open:
            return None
        told = self._batches[0] if len(self._batches) == 1 else b"".join(self._batches)
        self._clear()
        return told

    def _clear(self) -> None:
        self._batches.clear()
        self._frames = self._bytes = 0


def frame_of(event: str, payload: object) -> bytes:
    """One server-sent event; JSON has no line break in it."""
    return b"event: %b\ndata: %b\n\n" % (event.encode(), _ENCODER.encode(payload))
