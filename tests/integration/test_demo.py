"""The demo as its first user sees it: from one command to sixteen releases, and a journal that replays to the byte."""

import json
import os
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import jsonschema
import pytest

from tests.support.demo import SIGNALD, Demo
from tests.support.waiting import eventually

RELEASES_OF_Q1_2025 = 16
STAGES = ("frame", "score", "journal", "publish", "total")

pytestmark = pytest.mark.timeout(120)


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    """A demo of twenty seconds that has ended."""
    demo = Demo(tmp_path_factory.mktemp("demo"), duration_s=20)
    try:
        eventually(demo.look, within_s=100)
        yield demo
    finally:
        demo.kill()


def test_demo_ends_with_sixteen_releases_and_nothing_compiled_on_the_way(demo: Demo) -> None:
    result = json.loads(demo.printed.splitlines()[-1])

    assert demo.process.returncode == 0, demo.told
    assert result["releases"] == RELEASES_OF_Q1_2025
    assert result["compilations_after_ready"] == 0
    assert result["signals"] >= RELEASES_OF_Q1_2025
    assert {"guard", "reaction", "outcome"} <= result["documents"].keys()
    assert result["latency_us"]["p50"] > 0
    assert all(book["frames"] > 0 and book["gaps"] == 0 for book in result["books"].values())


def test_every_document_on_the_stream_fits_the_schema(demo: Demo) -> None:
    printed = subprocess.run([*SIGNALD, "schema"], capture_output=True, check=True)  # noqa: S603 - our own program

    validator = jsonschema.Draft202012Validator(json.loads(printed.stdout))

    assert len(demo.documents) >= RELEASES_OF_Q1_2025
    for document in demo.documents:
        validator.validate(json.loads(document))


def test_every_stage_has_its_histogram(demo: Demo) -> None:
    for stage in STAGES:
        assert f'signald_stage_seconds_bucket{{le="+Inf",stage="{stage}"}}' in demo.scraped


def test_figure_without_consensus_gives_no_surprise_and_says_so(demo: Demo) -> None:
    release_id = "us.core_pce.yoy:2025-01"

    read = [json.loads(each) for each in demo.documents if release_id.encode() in each]

    said = [document for document in read if document["kind"] == "release"]
    causes = [cause for document in said for cause in document["causes"] if cause["release_id"] == release_id]
    assert causes
    assert all(cause["consensus"] is None and cause["surprise"] is None for cause in causes)
    assert {document["verdict"] for document in said} == {"no_edge"}


def test_demos_journal_replays_to_what_was_published(demo: Demo) -> None:
    journal = str(demo.folder / "var" / "demo-journal")

    verified = subprocess.run(  # noqa: S603 - our own program
        [*SIGNALD, "verify", journal, "--json"], capture_output=True, text=True, check=False
    )

    assert verified.returncode == 0, verified.stderr
    assert json.loads(verified.stdout.splitlines()[-1])["documents"] == len(demo.documents)


def test_what_moves_the_market_beside_the_figures_is_seen_at_work(demo: Demo) -> None:
    read = [json.loads(each) for each in demo.documents]
    of_kind = {kind: [one for one in read if one["kind"] == kind] for kind in ("policy", "drift", "release", "outcome")}
    figures = [one for one in of_kind["outcome"] if one["causes"]]

    assert {one["policy"]["category"] for one in of_kind["policy"]} >= {"tariff", "stablecoin", "reserve"}
    assert any(one["instrument"] == "BTCUSDT.BINANCE" for one in of_kind["drift"])
    assert all(abs(one["realised_bps"]) > one["band_bps"] for one in of_kind["drift"])
    assert any(one["drift"]["share"] for one in of_kind["release"] if "drift" in one)
    assert any(one.get("quote", {}).get("currency") == "USDT" for one in of_kind["release"])
    assert any("NQ" in (one.get("regime", {}).get("references") or {}) for one in of_kind["release"])
    assert any(one.get("regime", {}).get("policy") for one in of_kind["release"])
    assert any(isinstance(one.get("peg_bps"), float) for one in figures)
    assert any(one["liquidity"].get("expected_s") for one in figures)
    assert any(one["liquidity"].get("recovered_s") for one in figures)
    markets = {one["instrument"]: one["market"] for one in figures if "market" in one}
    assert markets.keys() == {"BTCUSDT.BINANCE", "BTC.HYPERLIQUID"}
    assert any(one["market"]["basis_bps"] and one["market"]["dex_share"] for one in figures if "market" in one)


def test_a_report_card_of_the_demos_journal_joins_all_of_it(demo: Demo) -> None:
    journal = str(demo.folder / "var" / "demo-journal")

    told = subprocess.run(  # noqa: S603 - our own program
        [*SIGNALD, "report", "--release", "us.core_pce.yoy:2025-02", journal, "--json"], capture_output=True, check=True
    )

    card = json.loads(told.stdout.splitlines()[-1])
    [ours] = [one for one in card["instruments"] if one["instrument"] == "BTCUSDT.BINANCE"]
    assert {one["seconds"]: one["held"] is not None for one in ours["horizons"]} == {300: True, 900: True, 3600: True}
    assert [one["release_id"] for one in ours["drivers"]] == [one["release_id"] for one in card["figures"]]
    assert ours["liquidity"]


def test_two_replays_of_one_journal_give_the_same_bytes(demo: Demo) -> None:
    journal = str(demo.folder / "var" / "demo-journal")

    first, second = (
        subprocess.run([*SIGNALD, "replay", journal], capture_output=True, check=True).stdout  # noqa: S603 - ours
        for _ in range(2)
    )

    assert first == second
    assert first.splitlines() == demo.documents


@pytest.mark.parametrize("moment", ["starting", "ready in", "us.nfp"], ids=["starting", "ready", "playing"])
def test_interrupted_demo_ends_cleanly_and_leaves_no_process(tmp_path: Path, moment: str) -> None:
    demo = Demo(tmp_path, duration_s=20)
    try:
        eventually(lambda: moment in demo.told, within_s=60)

        demo.process.send_signal(signal.SIGINT)
        eventually(lambda: demo.process.poll() is not None, within_s=20)
    finally:
        demo.kill()

    assert demo.process.returncode == 0, demo.told
    assert "Traceback" not in demo.told
    assert demo.printed == ""
    assert eventually(lambda: not _mentioning(str(tmp_path), ports=demo.ports))


def _mentioning(folder: str, *, ports: tuple[int, ...]) -> list[str]:
    """Command lines of running processes that name the folder or one of the ports."""
    wanted = [folder, *map(str, ports)]
    found: list[str] = []
    for entry in Path("/proc").iterdir():
        if not entry.name.isdecimal() or int(entry.name) == os.getpid():
            continue
        try:
            line = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
        except OSError:
            continue
        if any(word in line for word in wanted):
            found.append(line)
    return found
