"""Which headlines are one event: of one category, near in time, and told in the same words.

Text is compared by the words it has, whatever their order: the overlap coefficient |A ∩ B| / min(|A|, |B|) of
Szymkiewicz and Simpson, which is 1 where a short headline says a part of a long one.
"""

import re
from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from signald.model.policy import Category, PolicyEvent
from signald.model.time import NS_PER_S, Nanos

_WORD: Final = re.compile(r"[a-z]{2,}|[0-9][0-9.,]*[0-9]|[0-9]")
_EMPTY: Final = frozenset(
    (
        *("an", "and", "are", "as", "at", "be", "by", "for", "from", "has", "have", "in", "into", "is"),
        *("it", "its", "of", "on", "or", "over", "says", "say", "said", "that", "the", "their", "this"),
        *("to", "was", "will", "with", "after", "amid", "new", "us", "up"),
    )
)
_ENDINGS: Final = ("ing", "es", "ed", "s")
_SHORTEST_STEM: Final = 4
MAX_SOURCES: Final = 256
MAX_NAMES: Final = 4_096
"""Under so many names an event may be told; of the one that is forgotten beyond that the words are known still."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NewsRules:
    """When two headlines are one event, and which events are guarded.

    Attributes:
        same_within_ns: Their times are no farther apart.
        alike: Their words overlap by this share or more.
        fresh_ns: What happened longer ago when we hear of it moves nothing any more: it only holds.
        guard_from: Least severity at which quotes are held back.
        hold_ns: For how long, at severity 1; in proportion below.
        remembered: Events with which a new one is compared.
    """

    same_within_ns: Nanos = 21_600 * NS_PER_S
    alike: float = 0.5
    fresh_ns: Nanos = 600 * NS_PER_S
    guard_from: float = 0.3
    hold_ns: Nanos = 60 * NS_PER_S
    remembered: int = 256


@dataclass(slots=True)
class Story:
    """One event, by the word of the first source that told it.

    Attributes:
        event: That word.
        novelty: 1 less the overlap with the likest event of its category before it: 1 is like nothing known.
        words: What its headline says.
    """

    event: PolicyEvent
    novelty: float
    words: frozenset[str]

    def holds(self, now: Nanos) -> bool:
        """Whether it is still news."""
        return now < self.ts_expires

    @property
    def ts_expires(self) -> Nanos:
        """Until when it is news: by its own time, which a restart does not change."""
        return self.event.ts_event + round(self.event.expires_after_s * NS_PER_S)


class News:
    """Events that are remembered, the newest last."""

    def __init__(self, rules: NewsRules) -> None:
        """Nothing has happened."""
        self.rules = rules
        self._stories: OrderedDict[str, Story] = OrderedDict()
        self._names: dict[str, str] = {}
        self._sequences: OrderedDict[str, int] = OrderedDict()

    def __len__(self) -> int:
        """How many events are remembered."""
        return len(self._stories)

    @property
    def names(self) -> int:
        """Under how many names they are known."""
        return len(self._names)

    def is_repetition(self, event: PolicyEvent) -> bool:
        """Whether ``event`` is not newer than what its source said before; it counts as said from now on."""
        known = self._sequences.pop(event.source, -1)
        self._sequences[event.source] = max(known, event.sequence)
        if len(self._sequences) > MAX_SOURCES:
            self._sequences.popitem(last=False)
        return event.sequence <= known

    def take(self, event: PolicyEvent) -> tuple[Story, bool]:
        """The story that ``event`` tells, and whether it is a new one."""
        words = words_of(event.headline)
        known = self._stories.get(self._names.get(event.event_id, "")) or self._same(event, words)
        if known is not None:
            self._names[event.event_id] = known.event.event_id
            if len(self._names) > MAX_NAMES:
                del self._names[next(iter(self._names))]
            return known, False
        likest = max((overlap(words, one.words) for one in self._of(event.category)), default=0.0)
        story = Story(event, 1.0 - likest, words)
        self._stories[event.event_id] = story
        self._names[event.event_id] = event.event_id
        self._forget()
        return story, True

    def in_force(self, now: Nanos) -> list[Story]:
        """What is still news at ``now``, the oldest first."""
        return [story for story in self._stories.values() if story.holds(now)]

    def categories(self, now: Nanos) -> tuple[Category, ...]:
        """The same by category, each once, in order of the alphabet."""
        return tuple(sorted({story.event.category for story in self.in_force(now)}))

    def _same(self, event: PolicyEvent, words: frozenset[str]) -> Story | None:
        near = (
            story
            for story in self._of(event.category)
            if abs(story.event.ts_event - event.ts_event) <= self.rules.same_within_ns
        )
        likest = max(near, key=lambda story: overlap(words, story.words), default=None)
        return likest if likest is not None and overlap(words, likest.words) >= self.rules.alike else None

    def _of(self, category: Category) -> Iterator[Story]:
        return (story for story in self._stories.values() if story.event.category == category)

    def _forget(self) -> None:
        if len(self._stories) > self.rules.remembered:
            oldest, _ = self._stories.popitem(last=False)
            self._names = {name: story for name, story in self._names.items() if story != oldest}


def words_of(headline: str) -> frozenset[str]:
    """What a headline says: its words without endings, and its numbers; words that say nothing are left out."""
    return frozenset(_stem(word) for word in _WORD.findall(headline.casefold()) if word not in _EMPTY)


def overlap(one: frozenset[str], other: frozenset[str]) -> float:
    """Share of the shorter's words that the other has too; 0 where one says nothing."""
    return len(one & other) / min(len(one), len(other)) if one and other else 0.0


def _stem(word: str) -> str:
    for ending in _ENDINGS:
        if word.endswith(ending) and len(word) - len(ending) >= _SHORTEST_STEM:
            return word.removesuffix(ending)
    return word
