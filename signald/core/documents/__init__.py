"""Builds signal documents out of what the engine knows: the one place that knows the contract's shape."""

from signald.core.documents.writer import Documents

__all__ = ["Documents"]
