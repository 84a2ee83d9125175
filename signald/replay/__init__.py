"""Journals run again: the same pipeline, the same records, the same bytes."""
