"""Bybit, version 5: spot, linear and inverse speak one dialect, each on a connection of its own.

Where sources conflict, and which reading is taken:

- ``u`` of each delta is one more than the one before: measured on 5.8 million deltas, but not promised. A step that is
  larger is taken for a gap: a resync too many costs less than an update too few. The same ``u`` again is a repetition.
- ``u = 1``: the service has restarted. The documentation calls it a snapshot; so it is taken, whatever ``type`` says.
- ``seq`` orders books of several depths and is not consecutive: it is not looked at.
- ``cts`` is when the matching engine made the book, ``ts`` when it was sent (5 ms later): the event's time is ``cts``.
- Spot's 200 levels are documented every 200 ms and were measured every 100 ms.
- The touch is that of the book: 50 levels come every 20 ms, and ``orderbook.1`` counts its frames apart.

There is no checksum. A book may be 20 ms (50 levels) or 200 ms old by the venue's own pace, and is flagged after
``stale_after_ms``.
"""
