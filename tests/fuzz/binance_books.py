"""Differential fuzz of the Binance decoder: `python tests/fuzz/binance_books.py [CASES] [SEED] [RECORDING]`.

Each case is one frame, mutated or not, given to our book and to the plainest one there is: both must have taken it and
be equal, or we must have refused it. With a recording (gzip, `<receive ns> <frame>` a line) half of the frames are its
depth frames. Prints what became of the cases; exit status 1 at the first difference.
"""

import gzip
import sys
from collections import Counter
from pathlib import Path

from tests.support.book_fuzz import BookFuzz

if __name__ == "__main__":
    cases = int(sys.argv[1]) if len(sys.argv) > 1 else 100_000
    seed = int(sys.argv[2]) if len(sys.argv) > 2 else 0
    lines = gzip.decompress(Path(sys.argv[3]).read_bytes()).splitlines() if len(sys.argv) > 3 else []
    recorded = [line.partition(b" ")[2] for line in lines if b'"depthUpdate"' in line]
    totals: Counter[str] = Counter()
    done = 0
    while done < cases:
        fuzz = BookFuzz(seed, recorded)
        for _ in range(min(1_000, cases - done)):
            problem = fuzz.step()
            if problem:
                sys.exit(f"seed {seed}, case {fuzz.cases}: {problem}\n{fuzz.frame!r}")
        fuzz.check_everything()
        done += fuzz.cases
        totals += fuzz.outcomes
        seed += 1
        sys.stderr.write(f"{done}\r")
    sys.stdout.write(f"{done} cases, seeds up to {seed - 1}: {dict(totals)}\n")
