"""Every parser that bytes from outside reach: `python -m tests.fuzz.parsers [--cases N] [--seed S] [--only NAME]`.

A case is a message as it should be, or one from `corpus/NAME`, with something done to its bytes. A parser takes it or
refuses it with an error of its own, within 100 ms, and keeps nothing: anything else is printed, written into the corpus
(every later run begins with it, and `tests/property/test_parsers.py` too), and ends the run with code 1. With
`--guided --only NAME` atheris chooses the cases by coverage (group `fuzz`). The parsers of venues' frames have fuzzers
of their own beside this one.
"""

import argparse
import gc
import hashlib
import json
import os
import random
import sys
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Final, NamedTuple

from signald.model.time import NS_PER_S
from signald.runtime.clock import LiveClock
from tests.support.parsers import PARSERS, Parser

CORPUS: Final = Path(__file__).parent / "corpus"

_HANG_S: Final = 0.1
_GROWTH_BYTES: Final = 64 << 20
_LONGEST: Final = 1 << 17
_PAGE: Final = os.sysconf("SC_PAGE_SIZE")
_TOKENS: Final = (
    *(
        b"null",
        b"true",
        b"NaN",
        b"1e999",
        b"-0",
        b"1e-400",
        b"9" * 40,
        b"9" * 5_000,
        b"0.029",
        b'"256K"',
        b"\xe2\x88\x92",
    ),
    *(b"[", b"]", b"{", b"}", b'"', b"\\", b"\\u0000", b"\\ud800", b":", b",", b"\0", b"\xff\xfe", b"\xef\xbb\xbf"),
    *(
        b"%2F",
        b"%00",
        b"/",
        b"+",
        b"#",
        b"\r\n",
        b"\n ",
        b";",
        b"=",
        b"T",
        b"Z",
        b"+99:99",
        b"-W53",
        b"-Q5",
        b"2025-13",
    ),
    *(b"[" * 2_000, b'{"a":' * 2_000, b"\x80" * 8, b"\x7f\xff\xff\xff", b"999999999999999999999"),
)


class Tally(NamedTuple):
    """What came of one parser's cases."""

    name: str
    cases: int
    taken: int
    slowest_ms: float
    grown_kb: int
    problems: tuple[str, ...]


class Mutator:
    """Does something to the bytes of one of some messages."""

    def __init__(self, seeds: Sequence[bytes], seed: int) -> None:
        """Begin with these messages; the same seed gives the same cases."""
        self._seeds = seeds
        self._random = random.Random(seed)

    def next(self) -> bytes:
        """The next case."""
        draw = self._random.random
        content = self._seeds[int(draw() * len(self._seeds))]
        for _ in range(1 + int(draw() * 3)):
            content = self._bent(content)
        return content[:_LONGEST]

    def _bent(self, content: bytes) -> bytes:
        draw = self._random.random
        size = len(content)
        at, kind = int(draw() * (size + 1)), int(draw() * 8)
        end = min(size, at + int(draw() * draw() * 40))
        match kind:
            case 0:
                return content[:at] + bytes((int(draw() * 256),)) + content[at + 1 :]
            case 1:
                return content[:at] + content[end:]
            case 2:
                return content[:end] + content[at:]
            case 3 | 4:
                return content[:at] + _TOKENS[int(draw() * len(_TOKENS))] + content[end:]
            case 5:
                other = self._seeds[int(draw() * len(self._seeds))]
                return content[:at] + other[int(draw() * len(other)) :]
            case 6:
                return content[:at] + content[at : at + 1].translate(_BIT_FLIPPED) + content[at + 1 :]
            case _:
                return content[:at]


_BIT_FLIPPED: Final = bytes(byte ^ 0x20 for byte in range(256))


def seeds_of(parser: Parser) -> list[bytes]:
    """What a parser's cases are made of: messages as they should be, and what was found before."""
    kept = sorted((CORPUS / parser.name).glob("*"))
    return [*parser.seeds, *(path.read_bytes() for path in kept)]


def problem_with(parser: Parser, case: bytes) -> tuple[str, bool, float]:
    """What is wrong with how ``parser`` takes a case (``""``: nothing), whether it took it, and its seconds."""
    began = LiveClock.monotonic()
    problem, taken = "", True
    try:
        parser.give(case)
    except parser.refusals:
        taken = False
    except Exception as error:  # noqa: BLE001 - which is what is looked for
        problem = f"{type(error).__name__}: {error!s:.200}"
    return problem, taken, (LiveClock.monotonic() - began) / NS_PER_S


def run(parser: Parser, cases: int, seed: int) -> Tally:
    """Give ``parser`` all that is kept, and as many cases."""
    seeds = seeds_of(parser)
    mutator = Mutator(seeds, seed)
    taken, slowest, problems = 0, 0.0, list[str]()
    resident = 0
    for number, case in enumerate(_cases(seeds, mutator, cases)):
        problem, is_taken, took = problem_with(parser, case)
        if took > _HANG_S:  # was it the case, or somebody else who wanted the processor?
            took = min(problem_with(parser, case)[2] for _ in range(5))
            if took > _HANG_S:
                problem = problem or f"took {took:.3f} s"
        slowest = max(slowest, took)
        taken += is_taken
        if problem:
            problems.append(f"{problem} {_keep(parser.name, case)}")
            if len(problems) >= 10:
                break
        if number == cases // 5:
            resident = _resident()
    grown = max(0, _resident() - resident) if resident else 0
    if grown > _GROWTH_BYTES:
        problems.append(f"grew by {grown >> 20} MB")
    return Tally(parser.name, cases, taken, slowest * 1_000, grown >> 10, tuple(problems))


def _cases(seeds: Sequence[bytes], mutator: Mutator, cases: int) -> Iterator[bytes]:
    yield from seeds
    for _ in range(cases):
        yield mutator.next()


def _keep(name: str, case: bytes) -> str:
    """Write a case into the corpus; where it is."""
    path = CORPUS / name / hashlib.sha256(case).hexdigest()[:16]
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(case)
    return str(path)


def _resident() -> int:
    gc.collect()
    return int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1]) * _PAGE


def _guided(parser: Parser, options: Sequence[str]) -> None:
    import atheris  # noqa: PLC0415 - in a group of its own  # pyright: ignore[reportMissingImports]

    def give(case: bytes) -> None:
        problem, _, took = problem_with(parser, case)
        assert not problem, problem
        assert took <= _HANG_S or min(problem_with(parser, case)[2] for _ in range(5)) <= _HANG_S, f"{took:.3f} s"

    found = Path("build/fuzz", parser.name)
    found.mkdir(parents=True, exist_ok=True)
    for number, seed in enumerate(seeds_of(parser)):
        (found / f"seed-{number}").write_bytes(seed)
    atheris.instrument_all()
    atheris.Setup([sys.argv[0], "-max_len=8192", *options, str(found)], give)
    atheris.Fuzz()


def main(arguments: Sequence[str]) -> int:
    """Run, and print a line for each parser and one JSON object."""
    read = argparse.ArgumentParser(description=__doc__)
    read.add_argument("--cases", type=int, default=10_000_000)
    read.add_argument("--seed", type=int, default=1)
    read.add_argument("--only", choices=sorted(PARSERS))
    read.add_argument("--jobs", type=int, default=os.cpu_count())
    read.add_argument("--guided", action="store_true", help="led by coverage; further options are libFuzzer's")
    told, options = read.parse_known_args(arguments)
    chosen = [PARSERS[told.only]] if told.only else list(PARSERS.values())
    if told.guided:
        _guided(chosen[0], options)
        return 0
    weight = sum(parser.weight for parser in chosen)
    shares = [-(-told.cases * parser.weight // weight) for parser in chosen]
    tallies: list[Tally] = []
    with ProcessPoolExecutor(told.jobs) as pool:
        for tally in pool.map(_run_named, [one.name for one in chosen], shares, [told.seed] * len(chosen)):
            tallies.append(tally)
            say = (
                f"{tally.name:16} {tally.cases:>10,} cases, {tally.taken:>9,} taken, slowest {tally.slowest_ms:.1f} ms"
            )
            sys.stdout.write(f"{say}, grown {tally.grown_kb} kB\n" + "".join(f"  {one}\n" for one in tally.problems))
            sys.stdout.flush()
    failed = any(tally.problems for tally in tallies)
    sys.stdout.write(json.dumps({"cases": sum(one.cases for one in tallies), "failed": failed}) + "\n")
    return int(failed)


def _run_named(name: str, cases: int, seed: int) -> Tally:
    return run(PARSERS[name], cases, seed)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
