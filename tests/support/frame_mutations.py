"""Small things done to the bytes of a frame."""

import random
from typing import Final

_SCRAPS: Final = (
    b'"', b"\\", b",", b":", b"[", b"]", b"{", b"}", b"0", b"9", b".", b"-", b"e", b" ", b"\x00", b"\xff", b"null",
    b'"b":[]', b'"u":1,', b"\\u0030", b"[[", b"]]", b"00", b"1e5", b'"pu":3,', b"99999999999999999999", b"\xc3\xa9",
    b'"ts":9223372036855,', b'"asks":[],', b'"seqId":7,', b"0.000000001", b"999999999999999", b"\t",
)  # fmt: skip
_TIMES: Final = (1, 1, 1, 2, 3, 8)
_LENGTHS: Final = (1, 1, 2, 4, 30, 500)


class Mutations:
    """What ``seed`` does to frames."""

    def __init__(self, seed: int) -> None:
        self._draw = random.Random(seed).random

    def mutated(self, frame: bytes) -> bytes:
        """``frame`` with a few small things done to it."""
        draw = self._draw
        for _ in range(_TIMES[int(draw() * 6)]):
            at = int(draw() * (len(frame) + 1))
            end = at + _LENGTHS[int(draw() * 6)]
            match int(draw() * 6):
                case 0:
                    frame = frame[:at] + frame[end:]
                case 1:
                    frame = frame[:at] + _SCRAPS[int(draw() * len(_SCRAPS))] + frame[at:]
                case 2:
                    frame = frame[:at] + bytes([int(draw() * 256)]) + frame[at + 1 :]
                case 3:
                    frame = frame[:end] + frame[at:]
                case 4:
                    frame = frame[:at] + b"%d" % int(draw() * 10) + frame[at + 1 :]
                case _:
                    scrap = _SCRAPS[int(draw() * len(_SCRAPS))]
                    frame = frame[:at] if draw() < 0.3 else frame[:at] + scrap + frame[at + 1 :]
        return frame
