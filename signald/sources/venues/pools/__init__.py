"""Pools of automated market makers: x*y = k, and concentrated liquidity. Their states come over MQTT, retained.

``PREFIX/pools/CHAIN/POOL`` holds what a pool is after a block; ``CHAIN/POOL`` is its instrument's ``venue_symbol``.
Whoever follows the chain publishes it after every block, also if nothing has changed: that is how it is known to be so
still. A frame here, and in the journal, is ``CHAIN/POOL``, a blank and the payload as it came::

    {"block":21000000,"ts_event":"2025-02-12T13:30:11Z","tokens":["USDC","WETH"],"decimals":[6,18],"fee_ppm":3000,
     "reserves":["51234567890123","17123456789012345678901"]}
    {"block":21000000,"ts_event":"2025-02-12T13:30:11Z","tokens":["USDC","WETH"],"decimals":[6,18],"fee_ppm":500,
     "sqrt_price_x96":"1446501726624926496477173928747177","liquidity":"20000000000000000","tick":196256,
     "tick_spacing":10,"ticks":[[196000,"20000000000000000"],[196500,"-20000000000000000"]]}

Whole numbers that no float holds are texts. ``tokens`` are token 0 and token 1 by symbol and say which way round the
pool is: one of them must be the instrument's base and the other its quote, wrapped ones under the name of what is in
them (``wrapped`` in the configuration). ``fee_ppm`` is millionths of what is paid in, as Uniswap v3 counts it: 3000 is
30 basis points. ``ticks`` are all initialised ticks and the liquidity that each adds when the price rises through it;
if they are not all, ``range`` is ``[lowest, highest]`` tick between which they are, and nothing is known beyond.

Each state becomes a book (``ladder.py``), written as ``sources/whole_books.py`` has it, by exact arithmetic on whole
numbers: no float touches a root of 160 bits.

- A book is as old as its block: ``ts_ingest`` of its row is the block's time if that is earlier than ours. So is the
  age in documents, on the console, in metrics and in the composite's weights.
- A block below the last one is a reorganisation of the chain: the book is lost as by a gap in sequences, said so, and
  asked for again, which with MQTT is to subscribe again: what the broker has kept comes again, and counts.
- Blocks that are left out cannot be told from blocks in which nobody published, and nothing sums a state up: rows have
  the flags ``unsequenced`` and ``unsummed``. Each state is whole, so nothing is lost with one that does not come (the
  contract suite's fourth promise cannot be tried with one that is left out).
- The broker's own pings keep the connection; none is sent here (the sixth promise).
- A state that makes no sense is refused by topic, field and value, and counted; the book before it stays, and ages.
- ccxt knows no exchange that tells reserves or ticks. What it knows as a book comes as ``ccxt:EXCHANGE``.

Sources: Adams, Zinsmeister & Robinson, "Uniswap v2 Core" (2020), section 3.2.1; Adams, Zinsmeister, Salem, Keefer &
Robinson, "Uniswap v3 Core" (2021), sections 6.1 to 6.3; TickMath.sol, SqrtPriceMath.sol and SwapMath.sol of v3-core.
"""
