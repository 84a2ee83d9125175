"""What was wrong with a feed, by kind."""

from typing import Literal, TypeAlias

FeedFault: TypeAlias = Literal[
    "unreadable_row",
    "unreadable_figure",
    "unknown_series",
    "wrong_zone",
    "relative_time",
    "no_time",
    "page_of_days",
    "repeated",
    "early",
    "wrong_day",
    "first_seen_late",
    "outage",
    "never_seen",
    "rescheduled",
    "consensus_changed_after",
    "prior_changed_after",
    "corrected",
    "figure_withdrawn",
]
"""In rows: ``unreadable_row``, ``unreadable_figure``; ``unknown_series`` is not configured; ``wrong_zone`` stood under
a label that was not the page's clock; ``relative_time`` said "44 min"; ``no_time`` said "Tentative" or the like;
``page_of_days`` is a turn of the day within one page.

In releases: ``repeated`` was shown again under another time; ``early`` had its figure before its time; ``wrong_day``
stood under a later day only; ``first_seen_late`` was not seen before its figure; ``outage`` fell into a silence of the
feed of twelve hours or more; ``never_seen`` never showed a figure; ``rescheduled`` changed its time;
``consensus_changed_after`` and ``prior_changed_after`` the figure was out; ``corrected`` changed its figure;
``figure_withdrawn`` showed none again after it had shown one.
"""
