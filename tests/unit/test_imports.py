"""What loads with what: seconds and hundreds of thousands of objects hang on it."""

import subprocess
import sys

import pytest

HEAVY = {"numba", "numpy", "ccxt", "polars", "scipy", "statsmodels", "redis", "aiomqtt", "websockets"}


def loaded_with(module: str) -> set[str]:
    """Heavy packages that come with ``module`` in a fresh interpreter."""
    program = f"import sys, {module}; print(*sorted({HEAVY!r} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)  # noqa: S603
    return set(done.stdout.split())


@pytest.mark.timeout(60)
@pytest.mark.parametrize(
    ("module", "allowed"),
    [
        ("signald.cli", set[str]()),
        ("signald.client", {"redis"}),
        ("signald.simulate.demo", {"redis", "aiomqtt", "websockets"}),
        ("signald.app.daemon", {"numba", "numpy", "redis", "aiomqtt", "websockets", "scipy"}),
    ],
)
def test_module_loads_no_more_than_it_needs(module: str, allowed: set[str]) -> None:
    assert loaded_with(module) <= allowed
