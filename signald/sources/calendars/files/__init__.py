"""Calendars kept as files: the contract's own CSV and two sites' exports, told apart by their header."""

from signald.sources.calendars.files.reader import read_calendar
from signald.sources.calendars.files.rows import CalendarRow, Reading

__all__ = ["CalendarRow", "Reading", "read_calendar"]
