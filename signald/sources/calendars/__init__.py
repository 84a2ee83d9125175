"""Feeds of schedules, figures and heartbeats."""
