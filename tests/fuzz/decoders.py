"""Differential fuzz of the venues' decoders: `python -m tests.fuzz.decoders [--cases N] [--seed S] [--venue NAME]…`.

Each case is one frame, made or real, mutated or not, given to our decoder and to the plainest book there is: both must
have taken it and be equal, or ours must have refused it for a reason. With the shared recordings at hand every other
seed has real frames among its own. Prints a line for each venue; exit status 1 at the first difference.
"""

import argparse
import gzip
import os
import sys
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from signald.bench.frames import recorded_feed
from tests.support.data_root import DEFAULT
from tests.support.decoder_fuzz import CASES, DIALECTS, DecoderFuzz
from tests.support.frame_templates import Template, real

_LONGEST = 2_500
"""Bytes of a real frame: longer ones take their time and show nothing more."""


def recorded(venue: str, data: Path) -> list[Template]:
    """Real frames of one book."""
    if venue in {"binance", "binance_usdm"}:
        folder = "binance_spot" if venue == "binance" else venue
        lines = gzip.decompress((data / "books" / folder / "hft_btcusdt_20240808.gz").read_bytes()).splitlines()
        frames = [line.partition(b" ")[2] for line in lines if b'"depthUpdate"' in line]
    elif venue == "okx":
        frames = [each for each in recorded_feed(data / "books/okx/cf_OKX.jsonl.zst").frames if b'"BTC-USDT"' in each]
    else:
        feed = recorded_feed(data / "books/bybit/cf_BYBIT.jsonl.zst").frames
        frames = [each.replace(b"orderbook.200.", b"orderbook.50.") for each in feed if b"200.BTCUSDT" in each]
    return real(venue, [frame for frame in frames if len(frame) < _LONGEST])


def run(venue: str, cases: int, seed: int, frames: Sequence[Template]) -> tuple[str, Counter[str]]:
    """So many cases from ``seed`` on; what is wrong, ``""`` if nothing, and what became of them."""
    totals: Counter[str] = Counter()
    done = 0
    while done < cases:
        fuzz = DecoderFuzz(venue, seed, frames if seed % 2 == 0 else ())
        for _ in range(min(CASES, cases - done)):
            problem = fuzz.step()
            if problem:
                return f"{venue}, seed {seed}, case {fuzz.cases}: {problem}\n{fuzz.frame!r}", totals
        problem = fuzz.compare()
        if problem:
            return f"{venue}, seed {seed}, at the end: {problem}", totals
        done += fuzz.cases
        totals += fuzz.outcomes
        seed += 1
        if seed % 50 == 0:
            sys.stderr.write(f"{venue}: {done}\n")
    return "", totals


def main(arguments: Sequence[str]) -> int:
    """Run as told."""
    parser = argparse.ArgumentParser(description="Differential fuzz of the venues' decoders.")
    parser.add_argument("--cases", type=int, default=100_000, help="of each venue")
    parser.add_argument("--seed", type=int, default=0, help="the first; each makes 2,000 cases")
    parser.add_argument("--venue", action="append", choices=list(DIALECTS), help="all, if none is named")
    options = parser.parse_args(arguments)
    data = Path(os.environ.get("SIGNALD_DATA") or DEFAULT)
    for venue in options.venue or list(DIALECTS):
        frames = recorded(venue, data) if data.is_dir() else []
        problem, totals = run(venue, options.cases, options.seed, frames)
        if problem:
            sys.stdout.write(f"{problem}\n")
            return 1
        last = options.seed + -(-options.cases // CASES) - 1
        taken = ", ".join(f"{count} {word}" for word, count in totals.most_common())
        sys.stdout.write(f"{venue}: {options.cases} cases, seeds {options.seed} to {last}, equal: {taken}\n")
        sys.stdout.flush()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
