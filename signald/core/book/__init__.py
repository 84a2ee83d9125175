"""One instrument's depth and its board row."""

from signald.core.book.book import Book, Level

__all__ = ["Book", "Level"]
