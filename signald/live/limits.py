"""Says of each message, when it comes, whether it is too long, or one too many: then nothing else is done with it.

What is said of it goes on record in its place, without its payload; a replay believes that, and needs neither clock nor
configuration. Of messages that come too often one a second goes on record, with the number of those before it.
"""

from collections import Counter
from typing import Final, NamedTuple

from signald.model.limits import Limit
from signald.model.time import NS_PER_S, Nanos
from signald.runtime.bucket import TokenBucket
from signald.sources.calendars.mqtt.source import MAX_PAYLOAD_BYTES
from signald.transports.settings import LimitsConfig

FAMILIES: Final = ("schedule", "release", "heartbeat", "control", "policy", "reference", "expectations")
"""Kinds of messages; of each a speaker has a bucket of its own."""
REASONS: Final = ("too_long", "too_often")

_LONGEST_TOPIC: Final = 1_024  # bytes, below the prefix; ours have a hundred
MOST_SPEAKERS: Final = 1_024
_TOLD_EVERY_NS: Final = NS_PER_S


class Refused(NamedTuple):
    """A message that is beyond a limit; ``limit`` is to go on record, ``None``: that was said already."""

    limit: Limit | None


class _Speaker:
    """Who says one kind of thing: what it may still say, and how much of it was refused and not told."""

    __slots__ = ("bucket", "told_at", "untold")

    def __init__(self, bucket: TokenBucket) -> None:
        self.bucket = bucket
        self.untold = 0
        self.told_at: Nanos | None = None


class Limits:
    """Judges size and rate of messages.

    Attributes:
        refused: How many were, by family and reason.
    """

    def __init__(self, config: LimitsConfig) -> None:
        """Begin with nobody having said anything."""
        self._config = config
        self._speakers: dict[tuple[str, str, bool], _Speaker] = {}
        self.refused: Counter[tuple[str, str]] = Counter(
            {(family, reason): 0 for family in FAMILIES for reason in REASONS}
        )

    @property
    def speakers(self) -> int:
        """How many buckets there are."""
        return len(self._speakers)

    def judge(self, topic: str, size: int, *, is_forged: bool, now: Nanos) -> Refused | None:
        """What is to be done with a message of ``size`` bytes; ``None``: it is within all limits.

        Args:
            topic: Below the prefix.
            size: Of the payload, in bytes.
            is_forged: Its signature was found wanting: it draws from another bucket than what its source says.
            now: Monotonic.
        """
        family, name = _family_and_speaker(topic)
        speaker = self._speaker(family, name, is_forged=is_forged, now=now)
        if not speaker.bucket.take(now):
            self.refused[family, "too_often"] += 1
            speaker.untold += 1
            if speaker.told_at is not None and now - speaker.told_at < _TOLD_EVERY_NS:
                return Refused(None)
            limit = Limit("too_often", speaker.untold)
            speaker.told_at, speaker.untold = now, 0
            return Refused(limit)
        length = len(topic.encode("utf-8", "surrogatepass"))
        if size > MAX_PAYLOAD_BYTES or length > _LONGEST_TOPIC:
            self.refused[family, "too_long"] += 1
            return Refused(Limit("too_long", size) if size > MAX_PAYLOAD_BYTES else Limit("long_topic", length))
        return None

    def _speaker(self, family: str, name: str, *, is_forged: bool, now: Nanos) -> _Speaker:
        """Who draws from which bucket; once there are too many speakers new ones share one for each family."""
        place = family, name, is_forged
        speaker = self._speakers.get(place)
        if speaker is None:
            if len(self._speakers) >= MOST_SPEAKERS:
                busy = {place: one for place, one in self._speakers.items() if not one.bucket.is_full(now)}
                self._speakers = busy
                if len(busy) >= MOST_SPEAKERS:
                    place = family, "", True
            speaker = self._speakers.get(place) or self._speakers.setdefault(place, _Speaker(self._bucket(family)))
        return speaker

    def _bucket(self, family: str) -> TokenBucket:
        config = self._config
        if family == "control":
            return TokenBucket(per_s=config.commands_per_s, at_once=config.commands_at_once)
        return TokenBucket(per_s=config.messages_per_s, at_once=config.messages_at_once)


def _family_and_speaker(topic: str) -> tuple[str, str]:
    """Of what kind a message is and whose: a feed's is its source's, by its topic; another's that of the topic's end.

    A broker gives each feed its topics, so that none spends what is another's; and no command what is another's.
    """
    levels = topic.split("/", 3)
    family = levels[1] if levels[0] == "calendar" and len(levels) > 1 else levels[0]
    return (family, levels[-1][:_LONGEST_TOPIC]) if family in FAMILIES else ("reference", "")
