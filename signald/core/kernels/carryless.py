"""CRC-32 by carry-less multiplication, where the processor has it.

Gopal, Ozturk, Guilford et al., "Fast CRC computation for generic polynomials using PCLMULQDQ instruction" (Intel,
2009), for the reflected polynomial: 64 bytes are folded at a time, then 16, and what is left is reduced as by Barrett.
"""

import zlib
from typing import Any, Final, cast

import llvmlite.binding as llvm  # pyright: ignore[reportMissingTypeStubs]  # it has none
from llvmlite import ir  # pyright: ignore[reportMissingTypeStubs]  # it has none

from signald.core.kernels.jit import NATIVE, emitted
from signald.core.kernels.machine import Words

LANES: Final = 4
"""Fewer blocks of 16 bytes than that are not taken."""
BLOCK_BYTES: Final = 16

_ALL: Final = 0xFFFF_FFFF
_NAME: Final = "llvm.x86.pclmulqdq"
_BYTE: Final = ir.IntType(8)
_HALF: Final = ir.IntType(32)
_WORD: Final = ir.IntType(64)
_PAIR: Final = ir.VectorType(_WORD, 2)
_HALVES: Final = ir.VectorType(_HALF, 4)
# Reflected: x^n modulo the polynomial, n of 512 + 32 and - 32, 128 + 32 and - 32, 64; the polynomial, its inverse.
_BY_LANES: Final = (0x1_5444_2BD4, 0x1_C6E4_1596)
_BY_BLOCK: Final = (0x1_7519_97D0, 0x0_CCAA_009E)
_BY_WORD: Final = (0x1_63CD_6124, 0)
_BARRETT: Final = (0x1_DB71_0641, 0x1_F701_1641)


def is_carryless() -> bool:
    """Whether the processor that kernels are compiled for multiplies without carry."""
    features: dict[str, bool] = dict(llvm.get_host_cpu_features())
    return NATIVE and llvm.get_process_triple().startswith("x86_64") and features.get("pclmul", False)


def _pair(words: tuple[int, int]) -> Any:  # LLVM's objects are untyped, here and below  # noqa: ANN401
    return ir.Constant(_PAIR, [ir.Constant(_WORD, word) for word in words])


class _Folding:
    """Writes the instructions."""

    def __init__(self, builder: Any, text: Any) -> None:  # noqa: ANN401
        self._builder = builder
        self._text = builder.bitcast(text, _BYTE.as_pointer())
        found = builder.module.globals.get(_NAME)
        form = ir.FunctionType(_PAIR, [_PAIR, _PAIR, _BYTE])
        self._instruction = found or ir.Function(builder.module, form, _NAME)

    def load(self, block: Any, lane: int) -> Any:  # noqa: ANN401
        """Sixteen bytes."""
        at = self._builder.mul(self._builder.add(block, ir.Constant(_WORD, lane)), ir.Constant(_WORD, BLOCK_BYTES))
        place = self._builder.bitcast(self._builder.gep(self._text, [at]), _PAIR.as_pointer())
        return self._builder.load(place, align=1)

    def multiply(self, one: Any, other: Any, halves: int) -> Any:  # noqa: ANN401
        """The product of a half of each: 0x00 the lower ones, 0x11 the upper ones, 0x10 one's lower, other's upper."""
        return self._builder.call(self._instruction, [one, other, ir.Constant(_BYTE, halves)])

    def fold(self, one: Any, factors: tuple[int, int], other: Any) -> Any:  # noqa: ANN401
        """Sixteen bytes moved on, onto others."""
        low = self.multiply(one, _pair(factors), 0x00)
        high = self.multiply(one, _pair(factors), 0x11)
        return self._builder.xor(self._builder.xor(low, high), other)

    def reduce(self, folded: Any) -> Any:  # noqa: ANN401
        """The 32 bits that are left of sixteen bytes."""
        builder = self._builder
        mask = _pair((_ALL, _ALL))
        upper = builder.shuffle_vector(folded, _pair((0, 0)), ir.Constant(ir.VectorType(_HALF, 2), [1, 2]))
        folded = builder.xor(upper, self.multiply(folded, _pair(_BY_BLOCK), 0x10))
        rest = self._down(folded)
        folded = builder.xor(self.multiply(builder.and_(folded, mask), _pair(_BY_WORD), 0x00), rest)
        factor = builder.and_(self.multiply(builder.and_(folded, mask), _pair(_BARRETT), 0x10), mask)
        folded = builder.xor(folded, self.multiply(factor, _pair(_BARRETT), 0x00))
        left = builder.extract_element(builder.bitcast(folded, _HALVES), ir.Constant(_HALF, 1))
        return builder.zext(left, _WORD)

    def _down(self, pair: Any) -> Any:  # noqa: ANN401
        """Four bytes down."""
        zero = ir.Constant(_HALVES, [ir.Constant(_HALF, 0)] * 4)
        order = ir.Constant(_HALVES, [ir.Constant(_HALF, place) for place in (1, 2, 3, 4)])
        halves = self._builder.bitcast(pair, _HALVES)
        return self._builder.bitcast(self._builder.shuffle_vector(halves, zero, order), _PAIR)


def _emit_crc_of_blocks(builder: Any, text: Any, blocks: Any, crc: Any) -> Any:  # noqa: ANN401
    folding = _Folding(builder, text)
    first = ir.Constant(_WORD, 0)
    lanes = [folding.load(first, lane) for lane in range(LANES)]
    lanes[0] = builder.xor(lanes[0], builder.insert_element(_pair((0, 0)), crc, ir.Constant(_HALF, 0)))
    at = ir.Constant(_WORD, LANES)
    at, lanes = _loop(builder, folding, at, blocks, lanes, _BY_LANES)
    folded = lanes[0]
    for lane in lanes[1:]:
        folded = folding.fold(folded, _BY_BLOCK, lane)
    at, [folded] = _loop(builder, folding, at, blocks, [folded], _BY_BLOCK)
    return folding.reduce(folded)


def _loop(
    builder: Any,  # noqa: ANN401
    folding: _Folding,
    at: Any,  # noqa: ANN401
    blocks: Any,  # noqa: ANN401
    lanes: list[Any],
    factors: tuple[int, int],
) -> tuple[Any, list[Any]]:
    """Fold as many blocks at a time as there are lanes, while so many are left."""
    step = ir.Constant(_WORD, len(lanes))
    before = builder.block
    head = builder.append_basic_block("fold.head")
    body = builder.append_basic_block("fold.body")
    after = builder.append_basic_block("fold.after")
    builder.branch(head)
    builder.position_at_end(head)
    place = builder.phi(_WORD)
    place.add_incoming(at, before)
    phis = [builder.phi(_PAIR) for _ in lanes]
    for phi, lane in zip(phis, lanes, strict=True):
        phi.add_incoming(lane, before)
    builder.cbranch(builder.icmp_signed("<=", builder.add(place, step), blocks), body, after)
    builder.position_at_end(body)
    for number, phi in enumerate(phis):
        phi.add_incoming(folding.fold(phi, factors, folding.load(place, number)), body)
    place.add_incoming(builder.add(place, step), body)
    builder.branch(head)
    builder.position_at_end(after)
    return place, phis


@emitted("i8(words, i8, i8)", _emit_crc_of_blocks)
def crc_of_blocks(text: Words, blocks: int, crc: int) -> int:
    """What a CRC-32 that stood at ``crc`` stands at after ``blocks`` (4 or more) of 16 bytes."""
    taken = cast("Any", text).tobytes()[: BLOCK_BYTES * int(blocks)]
    return zlib.crc32(taken, int(crc) ^ _ALL) ^ _ALL
