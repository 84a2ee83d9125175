"""Coinbase Advanced Trade: full depth in band, and one sequence for all that a connection brings.

Where sources conflict, and which reading is taken:

- ``sequence_num`` counts every frame of the connection, acknowledgements and heartbeats too, from 0. A number that does
  not follow the last one says that something was lost, and not whose: every book of the connection is thrown away and
  asked for again. Counted by `level2` alone there are 195 false gaps in the recording. An older number is dropped. A
  connection's first number is taken as it is: recordings begin anywhere.
- A frame that makes no sense leaves its number out, so the next one shows it.
- The documentation names 750 connections a second in one place and 8 in another: one budget of attempts serves both.
- More than about 30 products on one connection are refused: that is checked before anything is connected.
- Removals of levels we do not have are routine. ``event_time`` of a snapshot's level may be of 1970: the frame's own
  ``timestamp`` is what counts.
- A snapshot has some 46,000 levels in 5 MB. Levels farther from the touch than there is room for are forgotten, and
  depth beyond them is unknown, as everywhere.
- `-USDC` products bring the book of `-USD` under either name; a book is found by the name that the frame has.
- Nothing is pinged (the contract suite's sixth promise cannot be tried): `heartbeats` come every second, and keep a
  quiet connection from being closed after 60 to 90 s. The first subscription must come within 5 s; it is sent at once.
- The older feed, `ws-feed.exchange.coinbase.com`, wants a key now, and is not spoken here.
"""
