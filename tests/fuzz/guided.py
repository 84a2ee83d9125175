"""The fuzz of decoders led by coverage: `python -m tests.fuzz.guided VENUE [libFuzzer's options]`, in the group `fuzz`.

Each input is one frame for a live book, ours and the plainest one, as in decoders.py. atheris sees which branches it
takes in Python only, so the kernels run as the plain Python they are compiled from (NUMBA_DISABLE_JIT): their logic is
led this way, the compiled form by decoders.py. The corpus begins with frames that the book takes.
"""

import os
import sys
import tempfile
from pathlib import Path

os.environ["NUMBA_DISABLE_JIT"] = "1"

import atheris  # the environment first  # pyright: ignore[reportMissingImports]  # in a group of its own

with atheris.instrument_imports(include=["signald.core", "signald.sources"]):
    from tests.support.decoder_fuzz import DecoderFuzz

_SEEDS = 40


def main(venue: str, options: list[str]) -> None:
    """Run until an input shows a difference, or until libFuzzer's options say that it is enough."""

    def give(frame: bytes) -> None:
        fuzz = DecoderFuzz(venue, 0)
        problem = fuzz.give(frame) or fuzz.compare()
        assert not problem, problem

    with tempfile.TemporaryDirectory() as corpus:
        fuzz = DecoderFuzz(venue, 0)
        for number in range(_SEEDS):
            Path(corpus, str(number)).write_bytes(fuzz.next_frame())
        atheris.Setup([sys.argv[0], "-max_len=4096", *options, corpus], give)
        atheris.Fuzz()


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2:])
