"""dYdX v4's indexer: what block proposers have seen, with no order between levels.

Where sources conflict, and which reading is taken:

- ``message_id`` counts every message of a connection over all channels. On v3 messages of different channels came out
  of numeric order; v4's server counts as it sends. A number that does not follow the last one is taken for a loss, and
  since nobody knows whose, every book of the connection is asked for again: a resync too many costs a tenth of a
  second. An older number is dropped.
- Levels have neither sequence nor checksum, and each proposer has a memory pool of its own: a book crosses without
  anything being wrong. It is uncrossed as the documentation says, message_id being the logical time: of a bid at or
  above an ask the one that was told earlier goes; of two that were told in one message the larger is made smaller by
  the other. A level that goes this way comes back when the venue tells of it again.
- Levels are `[price, size]`; older servers wrote a third member, which is not looked at. Sizes of 0 are removals.
- Messages have no time: ``ts_event`` of the row is 0, and a book's age is judged by its progress and its peers alone.
- The server sends websocket pings every 30 s and the websocket's own layer answers (the contract suite's sixth promise
  cannot be tried). It bears two subscriptions a second: they are sent one by one, 0.6 s apart.
- REST is behind the websocket and is not asked.
"""
