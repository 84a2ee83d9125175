"""Any exchange that ccxt.pro knows and no folder here: its books as ccxt keeps them, each frame a whole book.

``name = "ccxt:bitstamp"`` in a ``[[venues]]`` table: what stands behind the colon is the exchange's name in ccxt. Such
a venue has a feed worker, and so a process, of its own (``app/processes.py``): ccxt takes seconds to import, and
milliseconds to read a frame, which no other book is to wait for.

What comes is no frame of the exchange's, but the book that ccxt made of them, written as canonical JSON by
``transports/ccxt/books.py``; that is what the journal has, so a replay needs no ccxt::

    {"asks":[["95000.1","0.5"]],"bids":[["95000","1.25"]],"nonce":17,"symbol":"btcusd","timestamp":1739367000123}

Keys in order, no white space, levels best first, numbers as texts: the shortest digits that give ccxt's float again,
never with an exponent. ``nonce`` and ``timestamp`` (ms) are what ccxt says, null where it says nothing.

- Nothing can be checked here: whether an update was lost, and whether a sum was right, ccxt alone has seen. It has
  checks for some exchanges and none for others. So every row has the flags ``unsequenced`` and ``unsummed``, and there
  are no gaps here (the contract suite's fourth promise cannot be tried).
- ``nonce`` is kept in the record and not looked at: some exchanges count with it, others tell the time, and some begin
  anew. Frames come from one process in the order in which ccxt made the books, and the last one counts.
- Without ``timestamp`` a book is as old as its arrival here.
- Nobody says how many levels there are beyond the last one, so each side is known to its worst level and no further.
- A book that stays crossed, or of which nothing comes for long, costs the connection: ccxt keeps what it has of a book
  as long as its connection lives.

ccxt answers pings, and ends a connection that does not answer its own; none is sent here (the sixth promise).
"""
