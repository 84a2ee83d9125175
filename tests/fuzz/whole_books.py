"""Differential fuzz of four sources: `python -m tests.fuzz.whole_books [CASES] [SEED] [VENUE…]`.

So many frames of each venue, by default of Coinbase, Kraken, Hyperliquid and dYdX, see tests/support/whole_books.py.
Prints what became of them; exit status 1 at a difference.
"""

import sys
from collections import Counter

from tests.support.whole_books import VENUES, WholeBookFuzz

_RUNS = 100

if __name__ == "__main__":
    cases = int(sys.argv[1]) if len(sys.argv) > 1 else 100_000
    first = int(sys.argv[2]) if len(sys.argv) > 2 else 0
    for venue in sys.argv[3:] or VENUES:
        totals: Counter[str] = Counter()
        done, seed = 0, first
        while done < cases:
            fuzz = WholeBookFuzz(venue, seed)
            for _ in range(_RUNS):
                problem = fuzz.run()
                if problem:
                    sys.exit(f"{venue}, seed {seed}, case {fuzz.cases}: {problem}\n{fuzz.frame!r}")
            done += fuzz.cases
            totals += fuzz.outcomes
            seed += 1
        sys.stdout.write(f"{venue}: {done} cases, seeds {first} to {seed - 1}, equal: {dict(totals)}\n")
        sys.stdout.flush()
