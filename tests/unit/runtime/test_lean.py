"""What is left out is out for as long as we say, and only if nobody has it."""

import sys
from importlib import import_module
from pathlib import Path

import pytest

from signald.runtime.lean import without


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A module that can be imported, and was not."""
    (tmp_path / "heavy_luggage.py").write_text("weight = 7\n", encoding="utf-8")
    monkeypatch.setattr(sys, "path", [str(tmp_path), *sys.path])
    monkeypatch.delitem(sys.modules, "heavy_luggage", raising=False)
    return "heavy_luggage"


def test_what_is_left_out_seems_not_to_be_installed(package: str) -> None:
    with without(package), pytest.raises(ImportError):
        import_module(package)


def test_afterwards_it_can_be_imported_as_ever(package: str) -> None:
    with without(package):
        pass

    assert import_module(package).weight == 7


def test_what_is_loaded_already_stays(package: str) -> None:
    loaded = import_module(package)

    with without(package):
        assert import_module(package) is loaded

    assert sys.modules[package] is loaded


def test_what_was_left_out_comes_back_after_a_failure(package: str) -> None:
    with pytest.raises(ZeroDivisionError), without(package):
        raise ZeroDivisionError

    assert import_module(package).weight == 7
