"""The page for people: what Redis and the metrics say, shown in a browser, from a process of its own.

Nothing here stands on the path of a release: it reads what the daemon has written for everybody.
"""
