"""Pages typed as they stand, the tutorial on a machine that has nothing but Python and pip: ``make pages``."""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

import pytest

from signald.simulate.child import LOOPBACK, Server, free_port
from tests.support.documented import PAGES_TO_TYPE, done, fill, follow, shimmed
from tests.support.pages import ALL, ROOT
from tests.support.servers import MQTT_SERVERS, REDIS_SERVERS, installed
from tests.support.shared_data import shared_data
from tests.support.waiting import eventually

TUTORIAL: Final = "docs/tutorial.md"
HOT_HOT: Final = "docs/howto/run-hot-hot.md"
READY_WITHIN_S: Final = 120.0
PYTHON: Final = [block for block in ALL if block.language == "python"]

pytestmark = pytest.mark.timeout(900)


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, Mapping[str, str]]]:
    """A folder with a reader's own files, and a daemon of its configuration that is ready."""
    folder = tmp_path_factory.mktemp("reader")
    fill(folder)
    (folder / "data").mkdir()
    macro = shared_data("macro")
    for path in (*macro.glob("calendar/calendar_*.csv"), *macro.glob("prices/btc_5m_*.csv.gz")):
        (folder / "data" / path.name).symlink_to(path)
    with installed(MQTT_SERVERS["rumqttd"]) as broker, installed(REDIS_SERVERS["redis"]) as redis:
        environment = shimmed(folder, Path(sys.executable).parent) | reaching(broker, redis)
        done("signald import calendar-csv calendar.csv --out journals/calendar", folder, environment)
        said = folder / "daemon.log"
        with said.open("w") as log:
            daemon = subprocess.Popen(["signald", "run"], cwd=folder, env=environment, stdout=log, stderr=log)  # noqa: S607 - ours
        try:
            eventually(lambda: '"event":"ready"' in said.read_text(encoding="utf-8"), within_s=READY_WITHIN_S)
            yield folder, environment
        finally:
            daemon.terminate()
            daemon.wait()


def reaching(broker: Server, redis: Server) -> dict[str, str]:
    """What a daemon is told of its surroundings: servers and ports of this test, and no exchange."""
    nobody = free_port()
    return {
        "SIGNALD_MQTT__PORT": str(broker.port),
        "SIGNALD_REDIS__URL": f"redis://{LOOPBACK}:{redis.port}/0",
        "SIGNALD_METRICS__PORT": str(free_port()),
        "SIGNALD_CONSOLE__PORT": str(free_port()),
        "SIGNALD_VENUES__0__WS_URL": f"ws://{LOOPBACK}:{nobody}",
        "SIGNALD_VENUES__0__REST_URL": f"http://{LOOPBACK}:{nobody}",
        "REDIS_PORT": str(redis.port),
    }


@pytest.mark.parametrize("page", [page for page in PAGES_TO_TYPE if page not in {TUTORIAL, HOT_HOT}])
def test_what_a_page_tells_to_type_works(page: str, world: tuple[Path, Mapping[str, str]]) -> None:
    folder, environment = world

    follow(page, folder, environment)


def test_the_page_on_running_hot_hot_leads_to_two_daemons_that_are_ready(tmp_path: Path) -> None:
    fill(tmp_path)
    with installed(MQTT_SERVERS["rumqttd"]) as broker, installed(REDIS_SERVERS["redis"]) as redis:
        environment = shimmed(tmp_path, Path(sys.executable).parent) | reaching(broker, redis)
        ports = {"9464": environment["SIGNALD_METRICS__PORT"], "9474": str(free_port()), "9475": str(free_port())}

        status = follow(
            HOT_HOT,
            tmp_path,
            environment,
            spelled=lambda text: re.sub("94[67][45]", lambda found: ports[found[0]], text),
        )

    assert "ready" in status


@pytest.mark.parametrize("page", sorted({block.page for block in PYTHON}))
def test_python_that_a_page_shows_runs(page: str, world: tuple[Path, Mapping[str, str]]) -> None:
    folder, environment = world
    shutil.copy(folder / "btc_5m_2023.csv.gz", folder / "btc_5m.csv.gz")

    for block in PYTHON:
        if block.page == page:
            is_desk = block.text + "\n" == (ROOT / "examples/desk.py").read_text(encoding="utf-8")
            assert is_desk or done(f"python - <<'END'\n{block.text}\nEND", folder, environment) == ""


def test_the_tutorial_leads_to_a_first_signal_with_nothing_but_python_and_pip(tmp_path: Path) -> None:
    checkout, alone = tmp_path / "signald", tmp_path / "alone"
    check_out(checkout)
    subprocess.run([sys.executable, "-m", "venv", alone], check=True)  # noqa: S603 - our own
    ours = {name: value for name, value in os.environ.items() if not name.startswith(("SIGNALD_", "VIRTUAL_ENV"))}
    environment = ours | {"PATH": f"{alone / 'bin'}:/usr/bin:/bin", "SIGNALD_KERNEL_CACHE": str(tmp_path / "kernels")}
    port = str(free_port())

    noted = follow(TUTORIAL, checkout, environment, spelled=lambda text: text.replace("6390", port))

    assert re.match(r"\('\w+', .+, '\w+'\)", noted)


def check_out(folder: Path) -> None:
    """What is under version control, as it stands here."""
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, check=True, capture_output=True, text=True)  # noqa: S607 - the system's
    for name in filter(None, listed.stdout.split("\0")):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, folder / name)
