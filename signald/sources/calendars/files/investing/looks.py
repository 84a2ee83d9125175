"""One sighting whose series and time are known, and whose release it is when two releases answer to one name."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Final, NamedTuple

from signald.model.macro import Indicator, ReleaseId
from signald.model.time import NS_PER_S, Nanos
from signald.sources.periods import Period, period_before, release_id_of

_APART_NS: Final = 5 * 86_400 * NS_PER_S  # a figure that is awaited again so much later is another one


class Look(NamedTuple):
    """One sighting.

    Attributes:
        indicator: Its series.
        period: Its reference period, and whether the feed named it.
        is_named: Whether the feed named the period, rather than the day it came on.
        stage: As the feed named it, or ``None``.
        day: Day of the release on the agency's calendar.
        ts_seen: When.
        ts_release: The time it was shown to be due at.
        is_exact: Whether that was a time of day rather than a countdown or a guess.
        is_timed: Whether it was a time at all.
        texts: Actual, forecast and previous as shown.
    """

    indicator: Indicator
    period: Period
    is_named: bool
    stage: str | None
    day: date
    ts_seen: Nanos
    ts_release: Nanos
    is_exact: bool
    is_timed: bool
    texts: tuple[str, str, str]

    @property
    def release_id(self) -> ReleaseId:
        """The release it seems to be of."""
        return release_id_of(self.indicator, self.period, self.day, stage=self.stage)


def stories_of(looks: Iterable[Look]) -> dict[ReleaseId, list[Look]]:
    """What was seen of each release, in order.

    Where the day alone decides on period or stage, late releases get the name of the next ones. Two are told apart if
    the feed awaits a figure again days after it had one, or shows two at once of which one has the other as its
    previous. The later keeps the name if the earlier can have the one before it.
    """
    stories: dict[ReleaseId, list[Look]] = {}
    for look in looks:
        stories.setdefault(look.release_id, []).append(look)
    for release_id in list(stories):
        earlier, later = _parted(stories[release_id])
        if not earlier:
            continue
        renamed = _one_before(earlier)
        if renamed is not None and renamed[0].release_id not in stories:
            stories[release_id] = later
            stories[renamed[0].release_id] = renamed
        elif (after := _one_after(later)) is not None and after[0].release_id not in stories:
            stories[release_id] = earlier
            stories[after[0].release_id] = after
    return stories


def _parted(story: Sequence[Look]) -> tuple[list[Look], list[Look]]:
    """The looks at the earlier of two releases, none if there is one only; and those at the later."""
    first = next((look for look in story if look.texts[0]), None)
    if first is None:
        return [], list(story)
    again = next(
        (
            place
            for place, look in enumerate(story)
            if not look.texts[0] and look.ts_seen > first.ts_seen and look.ts_release > first.ts_release + _APART_NS
        ),
        None,
    )
    if again is not None:
        return list(story[:again]), list(story[again:])
    return _parted_by_previous(story)


def _parted_by_previous(story: Sequence[Look]) -> tuple[list[Look], list[Look]]:
    copies: dict[Nanos, list[Look]] = {}
    for look in story:
        if look.texts[0]:
            copies.setdefault(look.ts_seen, []).append(look)
    for together in copies.values():
        for one in together:
            for other in together:
                if one.texts[2] == other.texts[0] != one.texts[0]:
                    earlier = [look for look in story if look.texts[2] == other.texts[2]]
                    return earlier, [look for look in story if look.texts[2] != other.texts[2]]
    return [], list(story)


def _one_before(looks: Sequence[Look]) -> list[Look] | None:
    """The same as of the stage before, or of the period before if the feed named none; ``None`` if neither can be."""
    indicator = looks[0].indicator
    stages = list(indicator.stages)
    stage = _stage(looks[0])
    if stage is not None and stage != stages[0]:
        before = stages[stages.index(stage) - 1]
        return [look._replace(stage=before, period=looks[0].period) for look in looks]
    if looks[0].is_named or stages:
        return None
    period = period_before(indicator, looks[0].period)
    return [look._replace(period=period) for look in looks]


def _one_after(looks: Sequence[Look]) -> list[Look] | None:
    stages = list(looks[0].indicator.stages)
    stage = _stage(looks[0])
    if stage is None or stage == stages[-1]:
        return None
    after = stages[stages.index(stage) + 1]
    return [look._replace(stage=after, period=looks[0].period) for look in looks]


def _stage(look: Look) -> str | None:
    return look.release_id.split(":")[2] if look.indicator.stages else None


def by_series(stories: Mapping[ReleaseId, Sequence[Look]]) -> dict[str, list[tuple[ReleaseId, Look]]]:
    """All looks at each series, with the release they are of."""
    found: dict[str, list[tuple[ReleaseId, Look]]] = {}
    for release_id, story in stories.items():
        found.setdefault(story[0].indicator.id, []).extend((release_id, look) for look in story)
    return found
