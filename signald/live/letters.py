"""Notices that feed workers say: handed to the process that has Redis, so that the stream of notices has them all."""

import asyncio
from collections.abc import Callable, Iterable
from typing import Any, Final

import msgspec

from signald.logs import Said
from signald.runtime.letterbox import Letterbox

_LOOKS_EVERY_S: Final = 0.05
_LONGEST_TEXT: Final = 200
_ENCODER: Final = msgspec.json.Encoder()
_DECODER: Final = msgspec.json.Decoder(Said)


def post(box: Letterbox, said: Said) -> None:
    """Hand over what was logged; of details that are too long only their beginning, or nothing."""
    letter = _ENCODER.encode(said)
    if len(letter) > box.LONGEST:
        letter = _ENCODER.encode(said._replace(details=dict(_shortened(said.details))))
    if len(letter) > box.LONGEST:
        letter = _ENCODER.encode(said._replace(details={}))
    box.post(letter)


async def deliver(boxes: Iterable[Letterbox], tell: Callable[[Said], None], *, is_striking: Callable[[], bool]) -> None:
    """Tell what is in the boxes, for ever, but not while a release is awaited."""
    while True:
        if not is_striking():
            for box in boxes:
                for letter in box.take():
                    tell(_DECODER.decode(letter))
        await asyncio.sleep(_LOOKS_EVERY_S)


def _shortened(details: dict[str, Any]) -> Iterable[tuple[str, object]]:
    for name, detail in details.items():
        yield name, detail[:_LONGEST_TEXT] if isinstance(detail, str) else detail
