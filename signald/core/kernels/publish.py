"""Board rows through memory that others read at the same time.

A row's cell is a version and four slots. Its only writer fills the slot after the current one and then steps the
version; a reader copies the current slot and believes it if the version has not come near to that slot again. Nobody
waits for anybody. Loads and stores are LLVM's atomic ones: with plain ones the compiler merges the marks, and rows tear
(as for any sequence lock: Boehm, "Can seqlocks get along with programming language memory models?", 2012).
"""

import math
from typing import Any, Final

from llvmlite import ir  # pyright: ignore[reportMissingTypeStubs]  # it has none

from signald.core.kernels.jit import emitted, inlined, inner, kernel
from signald.core.kernels.machine import WordArray, Words, set_real, words_from, words_of
from signald.core.kernels.rows import FIRST_REAL, FLAG_UNREAD, FLAGS, ROW_USED, ROW_WORDS, STATE, STATE_GAP

SLOTS: Final = 4
VERSION: Final = 0
FIRST_SLOT: Final = 8
"""Words before the slots: the version has a cache line of its own."""
CELL_WORDS: Final = FIRST_SLOT + SLOTS * ROW_WORDS

_ATTEMPTS: Final = 64
_WORD: Final = ir.IntType(64)


def _emit_load_acquire(builder: Any, words: Any, index: Any) -> Any:  # noqa: ANN401  # LLVM's objects are untyped
    return builder.load_atomic(builder.gep(words, [index]), ordering="acquire", align=8)


@emitted("i8(words, i8)", _emit_load_acquire)
def _load_acquire(words: Words, index: int) -> int:
    """``words[index]``, before every load that follows."""
    return words[index]


def _emit_load_relaxed(builder: Any, words: Any, index: Any) -> Any:  # noqa: ANN401
    return builder.load_atomic(builder.gep(words, [index]), ordering="monotonic", align=8)


@emitted("i8(words, i8)", _emit_load_relaxed)
def _load_relaxed(words: Words, index: int) -> int:
    """``words[index]``, whole."""
    return words[index]


def _emit_store_release(builder: Any, words: Any, index: Any, word: Any) -> Any:  # noqa: ANN401
    builder.store_atomic(word, builder.gep(words, [index]), ordering="release", align=8)
    return ir.Constant(_WORD, 0)


@emitted("i8(words, i8, i8)", _emit_store_release)
def _store_release(words: Words, index: int, word: int) -> int:
    """Write ``words[index]`` after every store before; 0."""
    words[index] = word
    return 0


def _emit_store_relaxed(builder: Any, words: Any, index: Any, word: Any) -> Any:  # noqa: ANN401
    builder.store_atomic(word, builder.gep(words, [index]), ordering="monotonic", align=8)
    return ir.Constant(_WORD, 0)


@emitted("i8(words, i8, i8)", _emit_store_relaxed)
def _store_relaxed(words: Words, index: int, word: int) -> int:
    """Write ``words[index]``, whole; 0."""
    words[index] = word
    return 0


def _emit_fence_release(builder: Any) -> Any:  # noqa: ANN401
    builder.fence("release")
    return ir.Constant(_WORD, 0)


@emitted("i8()", _emit_fence_release)
def _fence_release() -> int:
    """No store after this is seen before a load or store before it; 0."""
    return 0


def _emit_fence_acquire(builder: Any) -> Any:  # noqa: ANN401
    builder.fence("acquire")
    return ir.Constant(_WORD, 0)


@emitted("i8()", _emit_fence_acquire)
def _fence_acquire() -> int:
    """No load before this is made after a load or store behind it; 0."""
    return 0


@inlined
def write_row(cell: Words, row: Words) -> None:
    """Publish ``row`` in ``cell``. There is one writer of a cell."""
    version = cell[VERSION] + 1
    slot = words_from(cell, FIRST_SLOT + (version & (SLOTS - 1)) * ROW_WORDS)
    _fence_release()
    for word in range(ROW_USED):
        _store_relaxed(slot, word, row[word])
    _store_release(cell, VERSION, version)


@inner
def blank_row(row: Words) -> None:
    """Make ``row`` one of which nothing is known."""
    for word in range(FIRST_REAL):
        row[word] = 0
    for word in range(FIRST_REAL, ROW_USED):
        set_real(row, word, math.nan)


@inlined
def _read_row(cell: Words, row: Words) -> bool:
    """Copy the row of ``cell``; False if its writer was too fast every time."""
    for _ in range(_ATTEMPTS):
        version = _load_acquire(cell, VERSION)
        if version == 0:
            blank_row(row)
            return True
        slot = words_from(cell, FIRST_SLOT + (version & (SLOTS - 1)) * ROW_WORDS)
        for word in range(ROW_USED):
            row[word] = _load_relaxed(slot, word)
        _fence_acquire()
        # The slot is written again for version + 4, which is begun once version + 3 is published.
        if _load_relaxed(cell, VERSION) - version < SLOTS - 1:
            return True
    return False


@kernel("void(i8[::1], i8[::1])")
def publish(cell: WordArray, row: WordArray) -> None:
    """Publish ``row`` (i8[32]) in ``cell`` (i8[136])."""
    write_row(words_of(cell), words_of(row))


@kernel("i8(i8[::1], i8[::1], i8)")
def read_rows(cells: WordArray, rows: WordArray, count: int) -> int:
    """Copy the rows of ``count`` cells, one behind the other, to ``rows`` likewise.

    Returns:
        How many could not be read: those have FLAG_UNREAD and the state of a gap, and say nothing else.
    """
    unread = 0
    for i in range(count):
        row = words_from(words_of(rows), i * ROW_WORDS)
        if not _read_row(words_from(words_of(cells), i * CELL_WORDS), row):
            blank_row(row)
            row[STATE] = STATE_GAP
            row[FLAGS] = FLAG_UNREAD
            unread += 1
    return unread
