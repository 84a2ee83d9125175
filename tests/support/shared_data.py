"""Where the recorded order books and calendars lie: third-party data that is read in place, never copied here."""

import os
from pathlib import Path

import pytest

from tests.support.data_root import DEFAULT


def shared_data(*parts: str) -> Path:
    """Path of one file or folder below the shared data, e.g. ``shared_data("books", "golden")``.

    The root is the environment's ``SIGNALD_DATA``, else ``../shared/data`` beside this repository. Where the path does
    not exist the calling test (or module, while it is collected) is skipped with the reason; with ``CI=true`` it fails.
    """
    path = Path(os.environ.get("SIGNALD_DATA") or DEFAULT).joinpath(*parts)
    if path.exists():
        return path
    reason = f"no shared data at {path}: set SIGNALD_DATA to the folder that holds books/ and macro/"
    if os.environ.get("CI") == "true":
        pytest.fail(reason, pytrace=False)
    pytest.skip(reason, allow_module_level=True)
