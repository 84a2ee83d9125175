"""The hourly copies of investing.com's calendar: pages as they stood, and what changed in them, read as releases."""

from signald.sources.calendars.files.investing.reading import read_feed
from signald.sources.calendars.files.investing.releases import FeedFigure, FeedReading, FeedRelease, FeedSchedule

__all__ = ["FeedFigure", "FeedReading", "FeedRelease", "FeedSchedule", "read_feed"]
