"""Walks records as they lie in a journal's segment; journal/format.py has the layout.

A row of the table is a record: its time, where its payload begins, how long that is, its kind, and which of the
channels seen so far it came on. Frames that lie one behind the other are then applied without a word of Python.
"""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from signald.core.kernels.jit import kernel
from signald.core.kernels.machine import WordArray, byte_at, frame_of, length_of, text_from, word_at, words_of
from signald.core.kernels.text import crc32

TS: Final = 0  # ts_ingest, ns
START: Final = 1  # of the payload, in the segment
LENGTH: Final = 2  # of the payload
KIND: Final = 3
CHANNEL: Final = 4  # place in the list of channels; -1: the list is full
OFFSET: Final = 5  # of the record
KEY: Final = 6  # how long its key is
ROW_WORDS: Final = 7

CHANNELS: Final = 62
"""Channels that are told apart in one segment."""
LIST_WORDS: Final = 2 + 2 * CHANNELS
"""Words of the list of channels: how many there are, the byte at which the walk ended, and where each name lies."""

_HEAD: Final = 24
_LENGTH_BITS: Final = 0xFFFF_FFFF
_LONGEST: Final = 1 << 28


@kernel("i8(u1[::1], i8, i8)")
def checksum(content: NDArray[np.uint8], first: int, last: int) -> int:
    """The CRC-32 of the bytes from ``first`` to before ``last``, whose number is a multiple of eight, as zlib's."""
    return crc32(text_from(content, first), last - first)


@kernel("i8(u1[::1], i8, i8[::1], i8[::1])")
def index_records(content: NDArray[np.uint8], at: int, table: WordArray, channels: WordArray) -> int:
    """Write a row for each record from byte ``at`` on, until the table is full or what follows is no whole record.

    Nothing is verified but that lengths add up: checksums are the reader's business.

    Args:
        content: A segment's bytes, or some of them.
        at: Where a record begins.
        table: Rows of ROW_WORDS.
        channels: LIST_WORDS; goes on from what an earlier call left. Word 1 is where the walk ended.

    Returns:
        How many rows were written.
    """
    memory, rows, names = frame_of(content), words_of(table), words_of(channels)
    room, end, count = len(table) // ROW_WORDS, length_of(memory), 0
    while count < room and at + _HEAD <= end:
        length = word_at(memory, at) & _LENGTH_BITS
        if length % 8 != 0 or length < _HEAD or length > _LONGEST or at + length > end:
            break
        fields = word_at(memory, at + 16)
        channel_len, key_len, payload_len = (fields >> 8) & 0xFF, (fields >> 16) & 0xFFFF, (fields >> 32) & _LENGTH_BITS
        if _HEAD + payload_len + channel_len + key_len > length:
            break
        row = ROW_WORDS * count
        rows[row + TS] = word_at(memory, at + 8)
        rows[row + START] = at + _HEAD
        rows[row + LENGTH] = payload_len
        rows[row + KIND] = fields & 0xFF
        rows[row + OFFSET] = at
        rows[row + KEY] = key_len
        name, number = at + _HEAD + payload_len, 0
        while number < names[0]:
            known, same = names[2 + 2 * number], names[3 + 2 * number] == channel_len
            place = 0
            while same and place < channel_len:
                same = byte_at(memory, known + place) == byte_at(memory, name + place)
                place += 1
            if same:
                break
            number += 1
        if number == names[0]:
            if number < CHANNELS:
                names[2 + 2 * number], names[3 + 2 * number] = name, channel_len
                names[0] += 1
            else:
                number = -1
        rows[row + CHANNEL] = number
        at += length
        count += 1
    names[1] = at
    return count
