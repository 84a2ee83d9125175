"""The desk's timeline around each release: widen, hold, released, recover, normal; and what became of the figure.

It follows from the calendar and the time alone, so that it works even if every feed dies; books and figures refine it.
"""
