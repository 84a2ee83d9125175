"""Rules: deterministic, no I/O, no clock, no log."""
