"""Binance: spot and USD-M futures speak one dialect of depth.

Where Binance's pages are silent, old or at odds with what is seen, this is how we read them:

- Spot's rule asks for ``U == previous u + 1``. A frame that overlaps (``U`` lower) is taken as well: it carries sizes,
  not differences, so what it repeats is the same. One that ends no later than we are is a repetition.
- Futures ask of the first frame ``U <= lastUpdateId <= u``. We ask ``pu <= lastUpdateId <= u``: between ``pu`` and
  ``U`` nothing happened to this symbol. From then on only ``pu`` counts; by spot's rule the recorded stream has 6,387
  gaps.
- A book is live with the first frame that joins its snapshot, not with the snapshot: a snapshot from a cache would show
  its age only then.
- The diffs that came before the snapshot are kept and put onto it. Without the first three of the recorded stream the
  book is crossed on 2,573 of 3,448 frames and shows no gap.
- Prices between two ticks and sizes between two lots are real: they are orders from before a step was made coarser. The
  book is kept in finer ticks from then on.
- ``bookTicker`` counts in the same ids as depth. The touch is the ticker's where its ``u`` is newer than the depth's.
- The address subscribes, so nothing is sent. Binance pings (every 20 s on spot, every 3 min on futures); the transport
  answers. A ``serverShutdown`` event asks for a new connection.

Binance pings us, and the websocket's own layer answers: the source has no heartbeat of its own to send.
"""
