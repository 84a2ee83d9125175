"""Hyperliquid: every push is a whole book, and the touch comes with each block.

Where sources conflict, and which reading is taken:

- `l2Book` came every 0.5 s once, every 2 s since June 2026 and every 5 s since July; with `fast` it has 5 levels about
  every 0.5 s (issue trackers, measured). A book of 5 s ago is of no use at a release, so `fast` is what is asked for
  unless the configuration says otherwise.
- A push has no sequence and no checksum: what is lost is made good by the next, and nobody can see that it was lost.
  So there are no gaps here (the contract suite's fourth promise cannot be tried), and a book's age is the block's.
- ``time`` is the block's. The recording has pushes of the same time with the same levels: they are applied again. A
  push of an earlier block is dropped.
- `bbo` pushes per block and may have one side only. Its time is compared with the books', as both are the blocks'.
- Nobody says how many levels there are beyond the last one sent, so a side of five levels or more is known to its worst
  level and no further; one of fewer is complete.
- Sizes are coins. Symbols of builders' markets are `dex:COIN`.

After 60 s without a message from us the server closes; pings are sent every 20 s.
"""
