"""What a measurement was made on: without it no figure means anything."""

import os
import platform
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import NamedTuple


class Machine(NamedTuple):
    """Processor, cores that may be used, system, Python, and the versions of what was measured."""

    processor: str
    cores: int
    system: str
    python: str
    versions: dict[str, str | None]


def describe_machine(*packages: str) -> Machine:
    """This machine; a package that is not installed has no version."""
    return Machine(
        processor=_processor(),
        cores=len(os.sched_getaffinity(0)),
        system=platform.platform(),
        python=f"{platform.python_implementation()} {platform.python_version()}",
        versions={package: _version(package) for package in packages},
    )


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor()
    return next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), "unknown")


def _version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None
