"""What the console knows, for Prometheus: books, calendar, guard, outcomes, consumers. Nothing of it is on the path."""
