"""Memory: every record, appended in the order it was fed, on this machine's disk."""
