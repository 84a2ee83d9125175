"""Eight venues at once with their faults: `python -m tests.soak.eight_venues [--seconds 600]`.

Prints a JSON object: frames, connections, books lost and wrong of each venue, how long after each of its faults its
books were right again, memory in use at each minute, and the share of a processor that our side took, beside that of
the simulated exchanges and of whoever compares. Exit status 1 if a wrong book was used, our side took more than half a
processor, or its memory grew by more than MOST_GROWTH_MIB after two minutes.
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
MOST_GROWTH_MIB: Final = 8.0
"""Eight journals' open blocks fill, and the books that the comparison keeps."""

if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=600.0)
    told = parser.parse_args()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger("critical"))
    with tempfile.TemporaryDirectory() as folder:
        report = asyncio.run(EightVenues(Path(folder), told.seconds).run())
    sys.stdout.write(json.dumps(report, indent=1) + "\n")
    grown = (report["memory_growth_mib"] or 0.0) > MOST_GROWTH_MIB
    sys.exit(bool(report["wrong_books"]) or report["cpu_share"]["signald"] > MOST_BUSY or grown)
