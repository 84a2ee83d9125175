"""Agencies' own release schedules, as iCalendar (RFC 5545): the best word on when, and no word on what."""

from signald.sources.calendars.ics.config import IcsConfig
from signald.sources.calendars.ics.reading import read_schedule

__all__ = ["IcsConfig", "read_schedule"]
