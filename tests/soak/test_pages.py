"""What a page tells its reader to type is run, as it stands there; so is what it shows of Python: ``make pages``.

Blocks that say ``run by`` or ``not run`` (see ``tests/support/pages.py``) are left to those they name.
"""

import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

import pytest

from signald.simulate.child import LOOPBACK, free_port
from tests.support.documented import follow_tutorial, shell, shims
from tests.support.pages import ALL, ROOT, SHELL
from tests.support.quant_files import write_quant_files
from tests.support.servers import MQTT_SERVERS, REDIS_SERVERS, installed
from tests.support.waiting import eventually

TUTORIAL: Final = "docs/tutorial.md"
TYPED: Final = {
    page: [block for block in ALL if block.page == page and block.language in SHELL and not block.note]
    for page in sorted({block.page for block in ALL})
}
READY_WITHIN_S: Final = 60.0

pytestmark = pytest.mark.timeout(600)


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, Mapping[str, str]]]:
    """A folder as a checkout looks, with a reader's own files, and a daemon of its configuration that is ready."""
    folder = tmp_path_factory.mktemp("reader")
    fill(folder)
    with installed(MQTT_SERVERS["rumqttd"]) as broker, installed(REDIS_SERVERS["valkey"]) as redis:
        nobody, metrics = free_port(), free_port()
        environment = shims(folder, Path(sys.executable).parent) | {
            "SIGNALD_MQTT__PORT": str(broker.port),
            "SIGNALD_REDIS__URL": f"redis://{LOOPBACK}:{redis.port}/0",
            "SIGNALD_METRICS__PORT": str(metrics),
            "SIGNALD_CONSOLE__ENABLED": "false",
            "SIGNALD_VENUES__0__WS_URL": f"ws://{LOOPBACK}:{nobody}",
            "SIGNALD_VENUES__0__REST_URL": f"http://{LOOPBACK}:{nobody}",
            "REDIS_PORT": str(redis.port),
        }
        imported = shell("signald import calendar-csv calendar.csv --out journals/calendar", folder, environment)
        assert imported.returncode == 0, imported.stderr
        with (folder / "daemon.log").open("w") as log:
            command = ["signald", "run", "--config", "signald.toml"]
            daemon = subprocess.Popen(command, cwd=folder, env=environment, stdout=log, stderr=log)  # noqa: S603 - ours
        try:
            said = folder / "daemon.log"
            eventually(lambda: '"event":"ready"' in said.read_text(encoding="utf-8"), within_s=READY_WITHIN_S)
            yield folder, environment
        finally:
            daemon.terminate()
            daemon.wait()


def fill(folder: Path) -> None:
    """What a reader has: the checkout, a journal, a calendar, bars, the page's own ci.toml."""
    for name in ("configs", "docs", "examples", "tests"):
        (folder / name).symlink_to(ROOT / name)
    consumer = '\n[[consumers]]\nname = "otc-desk-1"\njurisdiction = "SG"\n'
    (folder / "signald.toml").write_text((ROOT / "configs/signald.toml").read_text(encoding="utf-8") + consumer)
    calendar, bars = write_quant_files(folder)
    journal = ROOT / "tests/golden/demo/journal"
    (folder / "btc_5m_2023.csv.gz").write_bytes(compressed(bars))
    (folder / "data").mkdir()
    shutil.copy(calendar, folder / "data/calendar_us.csv")
    shutil.copy(folder / "btc_5m_2023.csv.gz", folder / "data")
    (folder / "journals").mkdir()
    for name in ("JOURNAL", "day-1", "day-2", "day-3", "calendar", "journals/books", "journals/live-2025-02-12"):
        shutil.copytree(journal, folder / name)
    [gate] = [block.text for block in ALL if block.page.endswith("backtest-in-ci.md") and block.language == "toml"]
    (folder / "ci.toml").write_text(gate)


def compressed(path: Path) -> bytes:
    """As ``gzip`` does."""
    return subprocess.run(["gzip", "--stdout", path], check=True, capture_output=True).stdout  # noqa: S603, S607


@pytest.mark.parametrize("page", [page for page, blocks in TYPED.items() if blocks and page != TUTORIAL])
def test_what_a_page_tells_to_type_works(page: str, world: tuple[Path, Mapping[str, str]]) -> None:
    folder, environment = world

    for block in TYPED[page]:
        done = shell(block.text, folder, environment)
        assert done.returncode == 0, f"{block.text}\n{done.stdout[-2_000:]}\n{done.stderr[-4_000:]}"


def test_the_tutorial_leads_to_a_first_signal_in_an_empty_environment(tmp_path: Path) -> None:
    archives, empty = tmp_path / "archives", tmp_path / "empty"
    for command in (
        ["uv", "build", "--quiet", "--wheel", "--out-dir", archives, ROOT],
        [sys.executable, "-m", "venv", empty],
    ):
        subprocess.run(command, check=True)  # noqa: S603 - our own
    [wheel] = archives.glob("*.whl")
    subprocess.run([empty / "bin" / "pip", "install", "--quiet", f"{wheel}[demo]"], check=True)  # noqa: S603 - our own
    for name in ("configs", "examples"):
        (tmp_path / name).symlink_to(ROOT / name)

    noted = follow_tutorial(TYPED[TUTORIAL], tmp_path, shims(tmp_path, empty / "bin"))

    assert len(noted) > 1


@pytest.mark.parametrize("page", sorted({block.page for block in ALL if block.language == "python"}))
def test_python_that_a_page_shows_runs(page: str, world: tuple[Path, Mapping[str, str]]) -> None:
    folder, environment = world
    shutil.copy(folder / "btc_5m_2023.csv.gz", folder / "btc_5m.csv.gz")
    for block in (block for block in ALL if block.page == page and block.language == "python"):
        if block.text + "\n" == (ROOT / "examples/desk.py").read_text(encoding="utf-8"):
            continue  # tests/integration/client and the tutorial run it
        done = subprocess.run(  # noqa: S603 - the project's own pages
            [sys.executable, "-c", block.text], cwd=folder, env=environment, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr
