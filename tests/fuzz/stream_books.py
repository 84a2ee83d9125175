"""Differential fuzz of OKX's and Bybit's sources: `python -m tests.fuzz.stream_books VENUE [CASES] [SEED]`.

Each case is one frame, mutated or not, given to our source and to the plainest book there is: both must have taken it
and be equal, or ours must have seen that it is lost. Prints what became of the cases; exit status 1 at a difference.
"""

import sys
from collections import Counter

from tests.support.stream_fuzz import StreamFuzz

if __name__ == "__main__":
    venue = sys.argv[1]
    cases = int(sys.argv[2]) if len(sys.argv) > 2 else 100_000
    seed = int(sys.argv[3]) if len(sys.argv) > 3 else 0
    totals: Counter[str] = Counter()
    done = 0
    while done < cases:
        fuzz = StreamFuzz(venue, seed)
        for _ in range(min(1_000, cases - done)):
            problem = fuzz.step()
            if problem:
                sys.exit(f"seed {seed}, case {fuzz.cases}: {problem}\n{fuzz.frame!r}")
        done += fuzz.cases
        totals += fuzz.outcomes
        seed += 1
        sys.stderr.write(f"{done}\r")
    sys.stdout.write(f"{venue}: {done} cases, seeds up to {seed - 1}: {dict(totals)}\n")
