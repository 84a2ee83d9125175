"""asyncio, tamed: the clock, back-off, bounded mailboxes, tasks with a parent."""
