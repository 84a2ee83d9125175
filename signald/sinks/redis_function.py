"""The server-side function that writes a signal in one atomic step, and the command that calls it."""

from collections.abc import Sequence
from hashlib import blake2b
from importlib import resources

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
_ARGUMENTS = 10
_FIXED_KEYS = (keys.IDS, keys.SEQUENCE, keys.LATEST, keys.VERSIONS)


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
        streams = (keys.SIGNALS, *map(keys.consumer_stream, consumers))
        self._live = _template(function, streams)
        self._test = _template(function, (keys.TEST,))
        self._stream_length = b"%d" % stream_length
        self._test_length = b"%d" % test_length

    def pack_call(self, document: Document, *, after: str, ts_publish: Nanos, late_ms: int) -> bytes:
        """The packed call for ``document``.

        Args:
            document: What to write.
            after: Id that must have been written before this one, ``""`` for none.
            ts_publish: Now.
            late_ms: How late it is, 0 on the direct way.
        """
        template, length, version = self._live, self._stream_length, version_of(document)
        if document.test:
            template, length, version = self._test, self._test_length, b""
        return template.fill(
            document.id.encode(),
            after.encode(),
            document.kind.encode(),
            (document.instrument or "").encode(),
            b"%d" % document.ts_scored,
            b"%d" % ts_publish,
            b"%d" % late_ms,
            document.data,
            version,
            length,
        )


def version_of(document: Document) -> bytes:
    """``ts_event`` and ``revision`` as zero-padded text: of two documents the one with the greater text is newer."""
    return b"%020d %010d" % (document.ts_event, document.revision)


def _template(function: str, streams: Sequence[str]) -> CommandTemplate:
    names = (*_FIXED_KEYS, *streams)
    return CommandTemplate("FCALL", function, len(names), *names, holes=_ARGUMENTS)
