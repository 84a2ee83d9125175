"""What pages tell their reader to type works, as it stands there; what takes long: ``tests/soak/test_pages.py``."""

import sys
from pathlib import Path
from typing import Final

import pytest

from signald.simulate.child import LOOPBACK
from tests.support.documented import PAGES_TO_TYPE, blocks_to_type, fill, follow, shimmed
from tests.support.servers import REDIS_SERVERS, installed

CHEAP: Final = ("README.md", "docs/howto/consume-signals.md", "docs/howto/rotate-keys.md")

pytestmark = pytest.mark.timeout(180)


@pytest.mark.parametrize("page", CHEAP)
def test_what_a_page_tells_to_type_works(page: str, tmp_path: Path) -> None:
    fill(tmp_path)
    with installed(REDIS_SERVERS["redis"]) as redis:
        environment = shimmed(tmp_path, Path(sys.executable).parent) | {
            "SIGNALD_REDIS__URL": f"redis://{LOOPBACK}:{redis.port}/0",
            "REDIS_PORT": str(redis.port),
        }

        follow(page, tmp_path, environment)

    assert blocks_to_type(page)


def test_pages_that_are_cheap_have_something_to_type() -> None:
    assert set(CHEAP) <= set(PAGES_TO_TYPE)
