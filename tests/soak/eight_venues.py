"""Eight venues at once with their faults: `python -m tests.soak.eight_venues [--seconds 600]`.

Prints a JSON object: frames, connections, books lost and wrong of each venue, memory in use at each minute, and the
share of a processor that exchanges, books, journals and comparison took together. Exit status 1 if a wrong book was
used, or more than half a processor was busy.
"""

import argparse
import asyncio
import json
import sys
import tempfile
from pathlib import Path
from typing import Final

import structlog

from tests.support.eight_venues import EightVenues

MOST_BUSY: Final = 0.5

if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=600.0)
    told = parser.parse_args()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger("critical"))
    with tempfile.TemporaryDirectory() as folder:
        report = asyncio.run(EightVenues(Path(folder), told.seconds).run())
    sys.stdout.write(json.dumps(report, indent=1) + "\n")
    sys.exit(bool(report["wrong_books"]) or report["cpu_share"] > MOST_BUSY)
