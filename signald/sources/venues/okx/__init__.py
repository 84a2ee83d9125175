"""OKX, version 5: spot, swaps and futures speak one dialect.

Where sources conflict, and which reading is taken:

- ``checksum``: the documentation describes a CRC-32; since 2026-06-23 the field is 0 on every frame. 0 is taken as "no
  checksum". A snapshot whose checksum is not 0 makes every later one of its book be compared (recordings from before).
- ``seqId < prevSeqId`` (maintenance): documented as a reset that still chains. The chain is all that counts, so it is
  applied; the count of the touch begins anew with it.
- A frame that brings the last ``seqId`` again with another ``prevSeqId`` is taken for a repetition and dropped. All
  else that does not join is a gap, even what looks older: after a reset that was missed everything looks older.
- Frames without ``seqId`` (2021, 2022): a lost one shows in the next checksum only. They must not step back in ``ts``.
- ``bbo-tbt``: each instrument has one set of sequence ids, so its ``seqId`` is compared with that of ``books``. Were
  they counted apart, the touch would be the ticker's or the books' alone; the books' levels never come from it.
- Sizes of derivatives are contracts: ``contract_size`` of the instrument says how much of the base asset one is. Of
  inverse contracts (``BTC-USD-SWAP``, 100 US dollars each) that cannot be said; their sizes stay contracts.

A book may be 100 ms old by the venue's own pace, and is flagged after ``stale_after_ms``.
"""
