"""The fuzz of tests/fuzz/parsers.py, a little of it: all that was ever found, and some hundred cases of each parser."""

import pytest

from tests.fuzz.parsers import Mutator, problem_with, seeds_of
from tests.support.parsers import PARSERS, Parser

CASES = 300


@pytest.mark.parametrize("parser", PARSERS.values(), ids=list(PARSERS))
def test_whatever_bytes_come_a_parser_takes_them_or_refuses_them(parser: Parser) -> None:
    seeds = seeds_of(parser)
    mutator = Mutator(seeds, seed=5)

    problems = [problem_with(parser, case)[0] for case in (*seeds, *(mutator.next() for _ in range(CASES)))]

    assert set(problems) == {""}


@pytest.mark.parametrize("parser", PARSERS.values(), ids=list(PARSERS))
def test_what_a_parser_is_fed_to_begin_with_is_taken(parser: Parser) -> None:
    assert [problem_with(parser, seed)[:2] for seed in parser.seeds] == [("", True)] * len(parser.seeds)
