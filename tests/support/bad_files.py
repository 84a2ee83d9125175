"""Files that no command can make sense of, every command that takes a file, and what is wrong with how it takes one."""

import contextlib
import gzip
import importlib
import io
import os
import random
import resource
import time
import zipfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final, NamedTuple

import zstandard

from signald.cli import EXIT_CHECK_FAILED, EXIT_DONE, EXIT_UNREACHABLE, EXIT_USAGE, run
from signald.config import find_file

MOST_CPU_S: Final = 5.0
MOST_GROWN_KB: Final = 200_000
_CODES: Final = frozenset({EXIT_DONE, EXIT_USAGE, EXIT_CHECK_FAILED, EXIT_UNREACHABLE})
_CALENDAR: Final = b"ts_scheduled,indicator,period,actual,consensus,prior\n"
_FIGURE: Final = b"2025-01-15T13:30:00Z,us.cpi.yoy,2024-12,2.9,2.9,2.7\n"
_PLAN: Final = Path(__file__).parents[1] / "golden" / "demo" / "ci.toml"
_MONTHS: Final = 48
_PRICES: Final = b"date,open,high,low,close,volume\n"
_BINARY_JOURNAL: Final = b"SIGNALDJ"


def _zip_of(content: bytes) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("BTCUSDT-5m-2025-01.csv", content)
    return packed.getvalue()


def _npz_of(head: bytes) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("data.npy", b"\x93NUMPY\x01\x00" + len(head).to_bytes(2, "little") + head + b"\0" * 64)
    return packed.getvalue()


CONTENTS: Final[Mapping[str, Callable[[int], bytes]]] = {
    "empty.csv": lambda _: b"",
    "nul.csv": lambda _: b"\0" * 1_000,
    "nul-in-a-row.csv": lambda _: _CALENDAR + _FIGURE.replace(b"cpi", b"cpi\0"),
    "nul-in-a-price.csv": lambda _: _PRICES + b"2025-01-15 13:30:00,1,1,1,1,\0\n",
    "no-utf8.csv": lambda _: b"\xff\xfe\xff\n\xff,\xff\n",
    "no-utf8-in-a-row.csv": lambda _: _CALENDAR + _FIGURE.replace(b"2.9", b"\xff\xff"),
    "no-utf8-in-a-price.csv": lambda _: _PRICES + b"\xff,1,1,1,1,1\n2025-01-15 13:30:00,1\n",
    "huge-figure.csv": lambda _: _CALENDAR + _FIGURE.replace(b"2.9,2.9", b"9" * 5_000 + b",1e999"),
    "huge-price.csv": lambda _: _PRICES + b"2025-01-15 13:30:00," + b"9" * 5_000 + b",1e999,nan,-1,inf\n",
    "huge-time.csv": lambda _: _PRICES + b"99999999999999999999,1,1,1,1,1\n",
    "long-line.csv": lambda size: b"x" * size + b"\n",
    "long-row.csv": lambda size: _CALENDAR + b"x" * size + b"\n",
    "long-price.csv": lambda size: _PRICES + b"1" * size + b"\n",
    "long-line-of-digits.json": lambda size: b"9" * size + b"\n",
    "many-rows.csv": lambda size: _PRICES + b"x,1,1,1,1,1\n" * (size // 12),
    "deep-array.json": lambda size: b"[" * (size // 2) + b"]" * (size // 2) + b"\n",
    "deep-object.json": lambda size: b'{"a":' * (size // 6) + b"1" + b"}" * (size // 6) + b"\n",
    "deep.toml": lambda size: b"a = " + b"[" * size + b"]" * size + b"\n",
    "one-key.toml": lambda _: b"a = 1\n",
    "one-field.json": lambda _: b'{"release_id":5}\n',
    "half-a-surrogate.json": lambda _: b'{"release_id":"\\ud800","source":"\\u0000"}\n',
    "frame.txt": lambda _: b'1700000000000000000\n\n{"e":"depthUpdate"}\n',
    "huge-stamp.txt": lambda _: b"9" * 400 + b' {"e":"depthUpdate"}\n',
    "garbage.csv.gz": lambda _: b"\x1f\x8b\x08\x00garbage",
    "cut-off.csv.gz": lambda _: gzip.compress(_PRICES * 1_000)[:-20],
    "bomb.csv.gz": lambda size: gzip.compress(b"\0" * (size * 20), 9),
    "bomb.zip": lambda size: _zip_of(b"1" * (size * 20)),
    "bomb.segment.zst": lambda size: zstandard.compress(b"\0" * (size * 20), 3),
    "garbage.segment.zst": lambda _: b"\x28\xb5\x2f\xfd" + b"garbage" * 10,
    "garbage.segment": lambda _: _BINARY_JOURNAL + random.Random(1).randbytes(4_000),
    "long-record.segment": lambda _: _BINARY_JOURNAL + b"\xff" * 4_000,
    "garbage.zip": lambda _: b"PK\x03\x04" + random.Random(2).randbytes(100),
    "huge-array.npz": lambda _: _npz_of(
        b"{'descr': '<f8', 'fortran_order': False, 'shape': (999999999999999,), }".ljust(117) + b"\n"
    ),
    "objects.npz": lambda _: _npz_of(b"{'descr': '|O', 'fortran_order': False, 'shape': (2,), }".ljust(117) + b"\n"),
    "head-cut-off.npy": lambda _: b"\x93NUMPY\x01\x00v\x00{'descr'",
    "garbage.parquet": lambda _: b"PAR1" + random.Random(3).randbytes(100) + b"PAR1",
}
"""What is in a file, by its name; told how long what is long is to be, in bytes."""

PLACES: Final[Mapping[str, str]] = {
    "no such file": "missing.csv",
    "a folder": "folder",
    "a folder for a file's name": "folder/",
    "below a file": "empty.csv/below.csv",
    "no name": "",
    "a name that is too long": "x" * 300,
    "a name that is no UTF-8": "\udcff.csv",
    "a disk that is full": "/dev/full",
    "nothing for ever": "/dev/null",
    "what nobody may read": "/proc/1/mem",
    "what nobody may write": "/proc/version",
}
"""Paths where no file is that could be read or written, relative to the folder of the others."""

COMMANDS: Final[Mapping[str, str]] = {
    "check": "check --config BAD",
    "config": "config --config BAD",
    "config --effective": "config --config BAD --effective",
    "publish": "publish BAD",
    "replay": "replay BAD",
    "replay --out": "replay JOURNAL --out BAD",
    "replay --checkpoints": "replay JOURNAL --checkpoints BAD",
    "replay --each": "replay BAD --each",
    "replay --beside": "replay JOURNAL --each --beside BAD",
    "serve": "serve BAD",
    "verify": "verify BAD",
    "journal check": "journal check BAD",
    "journal stat": "journal stat BAD",
    "journal cat": "journal cat BAD",
    "journal cat --from": "journal cat JOURNAL --from BAD",
    "journal pack": "journal pack BAD",
    "journal unpack": "journal unpack BAD",
    "history": "history BAD",
    "history --page": "history JOURNAL --page BAD",
    "report": "report BAD --release us.cpi.yoy:2025-01",
    "report --page": "report PLAYED --release us.cpi.yoy:2024-12 --page BAD",
    "calendar": "calendar --journal BAD",
    "calendar --as-of": "calendar --as-of BAD",
    "fed-funds": "fed-funds BAD --meeting 2025-03-19",
    "nowcast --components": "nowcast --components BAD --calendar CALENDAR",
    "nowcast --calendar": "nowcast --components COMPONENTS --calendar BAD",
    "ci": "ci BAD",
    "ci --base": "ci PLAN --base BAD",
    "audit": "audit BAD",
    "audit --prices": "audit CLAIMS --prices BAD",
    "audit --calendar": "audit CLAIMS --calendar BAD",
    "calibrate --calendar": "calibrate --calendar BAD --prices PRICES --out NEW",
    "calibrate --prices": "calibrate --calendar CALENDAR --prices BAD --out NEW",
    "calibrate --out": "calibrate --calendar CALENDAR --prices PRICES --out BAD",
    "calibrate --report": "calibrate --calendar CALENDAR --prices PRICES --out NEW --report BAD",
    "calibrate --expectations": "calibrate --calendar CALENDAR --prices PRICES --out NEW --expectations BAD",
    "calibrate --components": "calibrate --calendar CALENDAR --prices PRICES --out NEW --components BAD",
    "backtest --calendar": "backtest --calendar BAD --prices PRICES",
    "backtest --prices": "backtest --calendar CALENDAR --prices BAD",
    "backtest --model": "backtest --calendar CALENDAR --prices PRICES --model BAD",
    "backtest --books": "backtest --calendar CALENDAR --prices PRICES --books BAD",
    "backtest --expectations": "backtest --calendar CALENDAR --prices PRICES --expectations BAD",
    "backtest --report": "backtest --calendar CALENDAR --prices PRICES --report BAD",
    "sweep --calendar": "sweep --calendar BAD --prices PRICES --over cost_bps=1",
    "sweep --prices": "sweep --calendar CALENDAR --prices BAD --over cost_bps=1",
    "delay": "delay BAD",
    "delay --report": "delay JOURNAL --report BAD",
    "delay --latencies-out": "delay JOURNAL --latencies-out BAD",
    "acl --file": "acl --file BAD",
    "key": "key k1 --source bls --out BAD",
    "import binance-stream": "import binance-stream BAD --out NEW",
    "import frames": "import frames BAD --venue kraken --out NEW",
    "import cryptofeed": "import cryptofeed BAD --out NEW",
    "import tardis": "import tardis BAD --out NEW",
    "import hftbacktest": "import hftbacktest BAD --venue binance --symbol BTCUSDT --out NEW",
    "import binance-public": "import binance-public BAD --out NEW",
    "import calendar-csv": "import calendar-csv BAD --out NEW",
    "import klines-csv": "import klines-csv BAD --symbol BTCUSDT --out NEW",
    "import investing-updates": "import investing-updates BAD --out NEW",
    "import --out": "import calendar-csv CALENDAR --out BAD",
}
"""Every command that takes a file or writes one, with BAD in its place."""

_WRITES: Final = ("--out BAD", "--checkpoints BAD", "--page BAD", "--report BAD", "--latencies-out BAD", "--file BAD")

_LOADED: Final = (
    *(f"app.{name}" for name in ("acl", "audit", "calendar", "ci.gate", "configuration", "days", "delay", "fed_funds")),
    *(f"app.{name}" for name in ("history_page", "nowcast", "publishing", "recordings", "report_card", "report_page")),
    *(f"app.{name}" for name in ("research", "serving", "world")),
    *(f"replay.importers.{name}" for name in ("binance_public", "binance_stream", "calendar_csv", "cryptofeed")),
    *(f"replay.importers.{name}" for name in ("frames", "hftbacktest", "investing_updates", "klines_csv", "tardis")),
)


_SPELLINGS: Final = ("backslashreplace", "replace", "surrogateescape")


class Outcome(NamedTuple):
    """What a command came to.

    Attributes:
        code: What it ended with; -1: it did not end by itself.
        said: On standard error.
        cpu_s: What it took of a processor.
        grown_kb: By how much the memory that it ever had at once rose.
    """

    code: int
    said: str
    cpu_s: float
    grown_kb: int


class Workshop:
    """A folder with one of every bad file, and of each kind one good."""

    def __init__(self, folder: Path, *, size: int) -> None:
        """Write them; what is long has ``size`` bytes."""
        self._folder = folder
        self._size = size
        self._made = 0
        (folder / "folder").mkdir()
        (folder / "empty.csv").touch()
        self._good = {
            "PLAYED": str(_PLAN.parent / "journal"),
            "CALENDAR": self._written("calendar.csv", _CALENDAR + b"".join(_figures())),
            "JOURNAL": self._imported("journal"),
            "PRICES": self._written("btc_5m.csv", _PRICES + b"".join(_bars())),
            "CLAIMS": str(find_file("configs/claims-q1-2025.toml")),
            "PLAN": str(_PLAN),
            "COMPONENTS": self._written("components.csv", b"ts_known,release_id,component,actual\n"),
        }

    def _imported(self, name: str) -> str:
        """A journal of the calendar, which any configuration can replay."""
        code = run(["import", "calendar-csv", str(self._folder / "calendar.csv"), "--out", str(self._folder / name)])
        assert code == EXIT_DONE
        return str(self._folder / name)

    def path_of(self, bad: str) -> str:
        """Where the bad file, or the place without one, of this name is."""
        if bad in PLACES:
            return os.path.join(self._folder, PLACES[bad]) if PLACES[bad] else ""  # noqa: PTH118 - a Path drops the /
        path = self._folder / bad
        if not path.exists():
            path.write_bytes(CONTENTS[bad](self._size))
        return str(path)

    def arguments(self, command: str, bad: str) -> list[str]:
        """The command line of ``command`` with this bad file in it."""
        self._made += 1
        words = {**self._good, "BAD": self.path_of(bad), "NEW": str(self._folder / f"new{self._made}")}
        return [words.get(word, word) for word in COMMANDS[command].split()]

    def _written(self, name: str, content: bytes) -> str:
        (self._folder / name).write_bytes(content)
        return str(self._folder / name)


def _figures() -> Iterator[bytes]:
    for month in range(_MONTHS):
        day = f"{2018 + month // 12}-{month % 12 + 1:02}"
        yield f"{day}-12T13:30:00Z,us.cpi.yoy,{day},{2.0 + month % 5 / 10:.1f},2.1,2.2\n".encode()


def _bars() -> Iterator[bytes]:
    """Five-minute bars of every day with a figure, and of the day before."""
    for month in range(_MONTHS):
        for day in (11, 12):
            for bar in range(288):
                close = 100 + (month * 7 + bar * 5) % 11 / 10
                date = f"{2018 + month // 12}-{month % 12 + 1:02}-{day} {bar // 12:02}:{bar % 12 * 5:02}:00"
                yield f"{date},100,102,99,{close},1\n".encode()


def bad_files_for(command: str) -> list[str]:
    """Names of all that is bad to read, or, where the command writes, of all places that are bad to write to."""
    return list(PLACES) if COMMANDS[command].endswith(_WRITES) else [*CONTENTS, *PLACES]


def load_all() -> None:
    """Import what the commands do, so that it is not counted as theirs."""
    for name in _LOADED:
        importlib.import_module(f"signald.{name}")


def outcome_of(arguments: Sequence[str]) -> Outcome:
    """Run one command line in this process."""
    said, printed = io.StringIO(), io.TextIOWrapper(io.BytesIO(), encoding="utf-8", write_through=True)
    before, began = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, time.process_time()
    with contextlib.redirect_stderr(said), contextlib.redirect_stdout(printed):
        code = run(arguments)
    took = time.process_time() - began
    return Outcome(code, said.getvalue(), took, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)


def problem_with(outcome: Outcome, path: str) -> str:
    """What is wrong with how a command took the bad file at ``path``; ``""``: nothing."""
    if outcome.code not in _CODES:
        return "was killed" if outcome.code < 0 else f"ended with {outcome.code}"
    if "Traceback" in outcome.said:
        return "showed a traceback"
    if outcome.cpu_s > MOST_CPU_S:
        return f"took {outcome.cpu_s:.1f} s"
    if outcome.grown_kb > MOST_GROWN_KB:
        return f"took {outcome.grown_kb >> 10} MB"
    if outcome.code != EXIT_DONE and not any(line.startswith("signald: ") for line in outcome.said.splitlines()):
        return "does not say what is wrong"
    if outcome.code == EXIT_USAGE and path and not _is_named(path, outcome.said):
        return "does not say with what"
    return ""


def _is_named(path: str, said: str) -> bool:
    shown = Path(path).name[:40]
    return (
        shown in said
        or path[:40] in said
        or any(shown.encode("utf-8", how).decode("utf-8", "replace") in said for how in _SPELLINGS)
    )
