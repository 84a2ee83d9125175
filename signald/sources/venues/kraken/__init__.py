"""Kraken spot, version 2 of its websocket: no sequence, but a checksum of the best ten levels.

Where sources conflict, and which reading is taken:

- The CRC-32 is of the digits that were sent: prices and sizes without point and leading zeros, the best ten asks and
  then the best ten bids, best first, whatever depth was asked for. Each pair's prices and sizes have the same number of
  digits after the point in every frame that was ever seen, so the kernel writes them again from its numbers; where they
  vary, the book is kept as text besides (checksum.py).
- A frame is applied as a whole, then each side is cut to the depth, then the checksum is compared: no removal is sent
  for a level that drops out. A checksum that differs costs the book before the board shows anything of the frame.
- The acknowledgement says which depth was given; it stands before the snapshot. Where there is none (recordings), two
  sides of as many levels as a depth has are of that depth, else the configured one counts.
- What is lost beyond the tenth level is not seen until it matters: of the venue's own making, and said in README.
- Snapshots of 2023 are documented without ``timestamp``; it is required of updates only.
- Limits are dynamic, `Exceeded msg rate` says that one was met; one frame asks for all books.
- Heartbeats come about every second while nothing else does. We ping all the same, every 20 s.
"""
