"""Every golden book, through the command line: import the recording, replay it, compare each checkpoint.

``python -m tests.support.golden_books`` prints a line for each, and ends with 1 if one differs.
"""

import json
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any, Final, NamedTuple, TypeAlias

from tests.support.shared_data import shared_data

Run: TypeAlias = Callable[..., None]
"""Runs ``signald`` with some arguments."""


class Recording(NamedTuple):
    """A recorded file.

    Attributes:
        format: What ``signald import`` calls it.
        file: Where it is, below the recordings.
        books: Names of its golden books, by instrument.
    """

    format: str
    file: str
    books: dict[str, str]


RECORDINGS: Final = (
    Recording(
        "binance-stream",
        "binance_spot/hft_btcusdt_20240808.gz",
        {"BTCUSDT.BINANCE": "binance_spot_btcusdt_20240808"},
    ),
    Recording(
        "binance-stream",
        "binance_usdm/hft_btcusdt_20240808.gz",
        {"BTCUSDT-PERP.BINANCE": "binance_usdm_btcusdt_20240808"},
    ),
    Recording(
        "cryptofeed",
        "binance_spot/cf_BINANCE.jsonl.zst",
        {f"{name}.BINANCE": f"cf_binance_spot_{name}" for name in ("NKNUSDT", "BLZETH", "LRCBTC", "RUNEEUR")},
    ),
    Recording(
        "cryptofeed",
        "binance_usdm/cf_BINANCE_FUTURES.jsonl.zst",
        {
            f"{name}-PERP.BINANCE": f"cf_binance_usd-m_{name}"
            for name in ("SUSHIUSDT", "AKROUSDT", "KEEPUSDT", "CTKUSDT")
        },
    ),
    Recording(
        "cryptofeed",
        "okx/cf_OKX.jsonl.zst",
        {f"{name}.OKX": f"cf_okx_{name}" for name in ("BTC-USDT", "BTC-USD-220527", "UNI-USD-SWAP")},
    ),
    Recording(
        "cryptofeed",
        "bybit/cf_BYBIT.jsonl.zst",
        {f"{name}.BYBIT": f"cf_bybit_spot_{name}" for name in ("BTCUSDT", "ETHUSDT")}
        | {f"{name}-PERP.BYBIT": f"cf_bybit_linear_{name}" for name in ("BTCUSDT", "ETHUSDT", "SOLUSDT", "DOGEUSDT")},
    ),
    Recording(
        "cryptofeed",
        "coinbase/cf_COINBASE.jsonl.zst",
        {f"{name}.COINBASE": f"cf_coinbase_adv_{name}" for name in ("BTC-USD", "ETH-USD")},
    ),
    Recording("frames", "kraken/tickvault_kraken_book_v2.jsonl", {"BTC/USD.KRAKEN": "tickvault_kraken_v2_BTC-USD"}),
    Recording("frames", "hyperliquid/hft_btcusd_20250126.gz", {"BTC.HYPERLIQUID": "hft_hyperliquid_BTC"}),
)
_OWN_COUNTS: Final = frozenset({"KRAKEN"})
"""Venues whose frames have no sequence: each program counts them its own way."""


class Compared(NamedTuple):
    """One golden book and ours.

    Attributes:
        name: Of the golden book.
        checkpoints: How many it has.
        difference: The first checkpoint that differs, ours and theirs; ``""`` if none does.
    """

    name: str
    checkpoints: int
    difference: str


def compare(recording: Recording, folder: Path, signald: Run) -> Iterator[Compared]:
    """Import and replay one recording in ``folder``, and compare its books."""
    journal = folder / "journal"
    venue = () if recording.format != "frames" else ("--venue", recording.file.partition("/")[0])
    signald("import", recording.format, shared_data("books", recording.file), *venue, "--out", journal)
    traces = {instrument: golden(name) for instrument, name in recording.books.items()}
    replayed: dict[int, list[dict[str, Any]]] = {}
    for instrument, trace in traces.items():
        every = every_of(trace)
        if every not in replayed:
            lines = folder / f"every-{every}"
            signald("replay", journal, "--checkpoints", lines, "--every", every, "--out", folder / "said")
            replayed[every] = [json.loads(line) for line in lines.read_text().splitlines()]
        ours = [line for line in replayed[every] if line["instrument"] == instrument]
        yield Compared(recording.books[instrument], len(trace), _difference(ours, trace))


def golden(name: str) -> list[dict[str, Any]]:
    """The lines of a golden book's trace."""
    lines = shared_data("books", "golden", f"{name}.trace.jsonl").read_text().splitlines()
    return [json.loads(line) for line in lines]


def every_of(trace: Sequence[dict[str, Any]]) -> int:
    """The step of a trace: its first line is frame 1, its second the step, unless there are only those two."""
    if len(trace) > 3:
        return trace[2]["n"] - trace[1]["n"]
    return trace[1]["n"] if len(trace) > 2 else 10


def comparable(line: dict[str, Any], *, sequence: bool = True) -> dict[str, Any]:
    """What must be equal; prices and sizes as numbers."""
    sides = {side: [Decimal(part) for part in line[side]] for side in ("bid", "ask")}
    return {"n": line["n"], "seq": line["seq"] if sequence else None, **sides, "top20": line["top20"]}


def _difference(ours: Sequence[dict[str, Any]], theirs: Sequence[dict[str, Any]]) -> str:
    for mine, wanted in zip(ours, theirs, strict=False):
        sequence = mine["instrument"].rpartition(".")[2] not in _OWN_COUNTS
        if comparable(mine, sequence=sequence) != comparable(wanted, sequence=sequence):
            return f"ours {json.dumps(mine)}, golden {json.dumps(wanted)}"
    return "" if len(ours) == len(theirs) else f"ours has {len(ours)} checkpoints, golden has {len(theirs)}"


def run_signald(*arguments: object) -> None:
    """Run one command in a process of its own."""
    command = [sys.executable, "-m", "signald", *map(str, arguments)]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)  # noqa: S603 - our own program


def main() -> int:
    """Print a line for each golden book."""
    differ = 0
    for recording in RECORDINGS:
        with tempfile.TemporaryDirectory() as folder:
            for compared in compare(recording, Path(folder), run_signald):
                differ += bool(compared.difference)
                verdict = compared.difference or "equal"
                print(f"{compared.name}: {compared.checkpoints} checkpoints, {verdict}", flush=True)  # noqa: T201
    return 1 if differ else 0


if __name__ == "__main__":
    sys.exit(main())
