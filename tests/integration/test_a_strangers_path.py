"""From a recording to a verdict, by the commands that the pages print: import, replay, backtest, look, compare."""

import gzip
import hashlib
import json
import re
import shlex
import shutil
from pathlib import Path
from typing import Any

import pytest

from signald.cli import EXIT_DONE, run
from tests.support.browser import chromium
from tests.support.quant_files import write_quant_files
from tests.support.shared_data import shared_data
from tests.support.tardis import write_tardis

pytestmark = pytest.mark.timeout(400)  # three imports, six replays and three walks, perhaps beside much else

_HOWTO = Path(__file__).resolve().parents[2] / "docs" / "howto"
_PLAN = """
[replay]
journals = ["books", "calendar"]
golden = "{golden}"

[backtest]
calendars = ["calendar.csv"]
prices = ["btc_5m_*.csv.gz"]
embargo_s = {embargo_s}
"""


def _printed(page: str, *beginning: str) -> list[str]:
    """The words of the first command of ours on a page that begins so and names no shared data."""
    for line in (_HOWTO / page).read_text(encoding="utf-8").splitlines():
        words = shlex.split(line) if line.startswith("uv run signald ") and "$" not in line else []
        if tuple(words[3 : 3 + len(beginning)]) == beginning:
            return words[3:]
    pytest.fail(f"{page} prints no command that begins with {beginning}")


def _follow(page: str, *beginning: str, source: Path | None = None) -> None:
    """Do what a page says, in the working directory, with ``source`` where it says FILE or RECORDING."""
    words = [str(source) if word in {"FILE", "RECORDING"} else word for word in _printed(page, *beginning)]
    assert run(words) == EXIT_DONE


def _write_files(folder: Path) -> None:
    """A calendar, one figure of which falls into the recordings of Binance, and bars by the name that the page has."""
    files = write_quant_files(folder, months=30)
    with files.calendar.open("a", encoding="utf-8") as lines:
        lines.write("2024-08-08T23:57:00Z,us.cpi.mom,2024-07,0.5,0.3,0.2\n")
    prices = folder / "btc_5m_2023.csv.gz"
    prices.write_bytes(gzip.compress(files.prices.read_bytes(), 1))
    files.prices.unlink()


_DIGESTS = {
    "cryptofeed": "5eea31fdbbe51d0f211b758c796e0b3e885215017de94d5c4af5466cf1211722",
    "binance-stream": "a6129d6d6a79f5decacac5d34e95f6b3755d798c0b47b7e406f579a0162db599",
    "tardis": "f7ac38e6a11d3f335bdcc50777d7a87226155e7f7d4533f9784295aab119b4fb",
}
"""SHA-256 of the documents of each form, here and everywhere: a change that is meant to change them changes these too.

Kernels are compiled without leave to contract, reorder or approximate, so a number is the same whatever vectors the
processor has; ids are hashes, and nothing in a document is of the machine or of the time of the replay.
"""


@pytest.mark.parametrize(
    ("form", "recording", "scored", "modes"),
    [
        ("cryptofeed", ("bybit", "cf_BYBIT.jsonl.zst"), False, ()),
        ("binance-stream", ("binance_spot", "hft_btcusdt_20240808.gz"), True, ("threads", "processes")),
        ("tardis", ("binance_spot", "hft_btcusdt_20240808.gz"), True, ()),
    ],
)
def test_a_recording_becomes_documents_and_they_are_the_same_in_every_mode(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    form: str,
    recording: tuple[str, ...],
    modes: tuple[str, ...],
    *,
    scored: bool,
) -> None:
    monkeypatch.chdir(tmp_path)
    source = shared_data("books", *recording)
    _write_files(tmp_path)
    page = "your-own-data.md"

    _follow(page, "import", form, source=write_tardis(source, tmp_path) if form == "tardis" else source)
    _follow(page, "import", "calendar-csv")
    _follow(page, "replay", "books", "calendar")
    each = ["replay", "books", "--each", "--beside", "calendar"]
    for mode in modes:
        assert run([*each, "--scheduler", mode, "--workers", "2", "--out", f"{mode}.jsonl"]) == EXIT_DONE
    assert run(["journal", "unpack", "books"]) == EXIT_DONE
    assert run(["replay", "books", "calendar", "--out", "unpacked.jsonl"]) == EXIT_DONE

    said = Path("signals.jsonl").read_bytes()
    assert said
    for mode in (*modes, "unpacked"):
        assert Path(f"{mode}.jsonl").read_bytes() == said, mode
    books = [one["book"] for line in said.splitlines() if (one := json.loads(line))["kind"] == "release"]
    assert [book["bid"] is not None for book in books if book] == [True] * scored
    assert hashlib.sha256(said).hexdigest() == _DIGESTS[form]


def test_a_changed_parameter_is_judged_against_base(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    _write_files(tmp_path)
    own, gate, plan = "your-own-data.md", "backtest-in-ci.md", Path("ci.toml")
    _follow(own, "import", "binance-stream", source=shared_data("books", "binance_spot", "hft_btcusdt_20240808.gz"))
    _follow(own, "import", "calendar-csv")
    _follow(own, "replay", "books", "calendar")
    _follow(own, "backtest")
    golden = hashlib.sha256(Path("signals.jsonl").read_bytes()).hexdigest()

    plan.write_text(_PLAN.format(golden=golden, embargo_s=3_600))
    _follow(gate, "ci", "ci.toml")
    shutil.copy("result.json", "base.json")
    plan.write_text(_PLAN.format(golden=golden, embargo_s=100 * 86_400))
    compare = _printed(gate, "ci", "ci.toml", "--base")
    assert run(compare) == EXIT_DONE

    summary = Path("summary.md").read_text(encoding="utf-8")
    assert "### Against base" in summary
    assert re.search(r"300 s: [1-9]\d* of \d+ predictions changed", summary)
    assert "the documents are the same" in summary
    result: dict[str, Any] = json.loads(Path("result.json").read_bytes())
    assert result["replay"]["digest"] == golden
    with chromium() as browser:
        page = browser.new_page()
        page.goto(Path("backtest.html").resolve().as_uri(), timeout=60_000)
        assert page.locator('svg[aria-label^="price and prediction around"]').count() > 0
        assert page.get_by_text("deflated Sharpe").first.is_visible()
