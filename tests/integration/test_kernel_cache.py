"""Kernels kept on disk between processes, and what becomes of them when the files are damaged or foreign."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from signald.core.kernels.jit import PLAIN
from signald.core.kernels.store import KernelStore

ROOT = Path(__file__).resolve().parents[2]
PROGRAM = """
from signald.core.kernels.jit import compilations, kernel
@kernel("i8(i8)")
def doubled(number):
    return 2 * number
print(doubled(21), compilations())
"""
compiled = pytest.mark.skipif(PLAIN, reason="compilation is off")


def run(cache: Path, **environment: str) -> str:
    done = subprocess.run(  # noqa: S603
        [sys.executable, "-c", PROGRAM],
        env={**os.environ, "SIGNALD_KERNEL_CACHE": str(cache), "PYTHONPATH": str(ROOT), **environment},
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout.strip()


@compiled
@pytest.mark.timeout(120)
def test_a_second_run_compiles_nothing_and_a_damaged_cache_is_rebuilt(tmp_path: Path) -> None:
    cold = run(tmp_path)
    warm = run(tmp_path)

    assert cold == "42 1"
    assert warm == "42 0"

    for file in tmp_path.glob("*.kernel"):
        file.write_bytes(file.read_bytes()[:-10] + b"0123456789")

    assert run(tmp_path) == cold
    assert run(tmp_path) == warm


@compiled
@pytest.mark.timeout(120)
def test_a_cache_of_other_content_is_rebuilt(tmp_path: Path) -> None:
    cold = run(tmp_path)
    for file in tmp_path.glob("*.kernel"):
        KernelStore(tmp_path).save(file.name[:-40], file.name[-39:-7], b"not a kernel")

    assert run(tmp_path) == cold


@pytest.mark.timeout(60)
def test_kernels_run_uncompiled(tmp_path: Path) -> None:
    assert run(tmp_path, NUMBA_DISABLE_JIT="1") == "42 0"
    assert list(tmp_path.iterdir()) == []
