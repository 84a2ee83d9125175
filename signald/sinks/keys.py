"""Names of our keys in Redis; they share one hash tag, so that one step may touch them all, in a cluster too."""

TAG = "{signald}"
SIGNALS = f"{TAG}:signals"
LATEST = f"{TAG}:latest"
VERSIONS = f"{TAG}:versions"
IDS = f"{TAG}:ids"
SEQUENCE = f"{TAG}:sequence"
TEST = f"{TAG}:test"
STATUS = f"{TAG}:status"
AUDIT = f"{TAG}:audit"
BOARD = f"{TAG}:board"
NOTICES = f"{TAG}:notices"


def consumer_stream(name: str) -> str:
    """The stream of the consumer called ``name``."""
    return f"{TAG}:consumer:{name}"


def board_of(host: str) -> str:
    """The lease of whoever keeps the books of ``host``, and the channel on which their rows go."""
    return f"{BOARD}:{host}"
