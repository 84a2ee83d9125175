"""The server-side function that writes signals in one atomic step, and the command that calls it."""

from collections.abc import Sequence
from hashlib import blake2b
from importlib import resources
from typing import Final, NamedTuple

from signald.model.time import Nanos
from signald.sinks import keys
from signald.sinks.encoding import Document
from signald.transports.redis import CommandTemplate

DUPLICATE = b"DUPLICATE"
"""Reply when the id was written before."""

NOT_LOADED = "Function not found"
"""Part of the refusal when the server does not know the function."""

OUT_OF_ORDER = "ORDER"
"""Beginning of the refusal when the document before this one is not written."""

_TEXT = resources.files("signald.sinks").joinpath("publish.lua").read_text(encoding="utf-8")
MOST_TOGETHER: Final = 16
"""Documents in one call at most: the server does nothing else meanwhile."""

_IDS_PER_ENTRY: Final = 10
_SHARED = 3  # arguments of a call, and of each document in it
_PER_DOCUMENT = 8
_FIXED_KEYS = (keys.IDS, keys.SEQUENCE, keys.LATEST, keys.VERSIONS)


class Sending(NamedTuple):
    """A document as it is sent now, and how late it is in milliseconds: 0 on the direct way."""

    document: Document
    ts_publish: Nanos
    late_ms: int


class PublishFunction:
    """The function as loaded into a server, and its calls, packed but for what differs between documents.

    Its library is named after its text: daemons of different versions each call their own, on one server, and
    loading it again changes nothing.

    Attributes:
        library: Name of the library.
        code: Its text, for ``FUNCTION LOAD REPLACE``.
    """

    def __init__(self, *, consumers: Sequence[str], stream_length: int, test_length: int) -> None:
        """Prepare the calls for these consumers and lengths."""
        version = blake2b(_TEXT.encode(), digest_size=4).hexdigest()
        self.library = f"signald_{version}"
        function = f"signald_publish_{version}"
        self.code = _TEXT.replace("@LIBRARY@", self.library).replace("@FUNCTION@", function)
        self._live = _Call(function, (keys.SIGNALS, *map(keys.consumer_stream, consumers)), stream_length)
        self._test = _Call(function, (keys.TEST,), test_length)
        self._remembered = b"%d" % (_IDS_PER_ENTRY * max(stream_length, test_length))

    def pack_call(self, sendings: Sequence[Sending], *, after: str) -> bytes:
        """The packed call for some documents, at most :data:`MOST_TOGETHER`: all of them tests, or none.

        Args:
            sendings: What to write, in order.
            after: Id that must have been written before them, ``""`` for none.
        """
        call = self._test if sendings[0].document.test else self._live
        parts = [after.encode(), call.length, self._remembered]
        for document, ts_publish, late_ms in sendings:
            parts += (
                document.id.encode(),
                document.kind.encode(),
                (document.instrument or "").encode(),
                b"%d" % document.ts_scored,
                b"%d" % ts_publish,
                b"%d" % late_ms,
                document.data,
                b"" if document.test else version_of(document),
            )
        return call.templates[len(sendings)].fill(*parts)


def version_of(document: Document) -> bytes:
    """``ts_event`` and ``revision`` as zero-padded text: of two documents the one with the greater text is newer."""
    return b"%020d %010d" % (document.ts_event, document.revision)


class _Call:
    """Calls that write to the same streams: the streams' length, and a template for each number of documents."""

    def __init__(self, function: str, streams: Sequence[str], length: int) -> None:
        names = (*_FIXED_KEYS, *streams)
        self.length = b"%d" % length
        self.templates = [
            CommandTemplate("FCALL", function, len(names), *names, holes=_SHARED + _PER_DOCUMENT * count)
            for count in range(MOST_TOGETHER + 1)
        ]
