"""Options that commands share, and how results are printed."""

import os
import sys
from pathlib import Path
from typing import Annotated, TypeAlias

import msgspec
import typer

from signald.config import Config, find_file, load_config

ConfigOption: TypeAlias = Annotated[
    Path | None, typer.Option("--config", help="Configuration file.", show_default="configs/signald.toml")
]
JsonOption: TypeAlias = Annotated[bool, typer.Option("--json", help="End with one JSON object on standard output.")]


def configuration(path: Path | None) -> Config:
    """The configuration of ``--config``, or the shipped one; raises ``ConfigError``."""
    return load_config(path if path is not None else find_file("configs/signald.toml"), os.environ)


def say(text: str) -> None:
    """Print one line for people."""
    print(text)


def say_aside(text: str) -> None:
    """Print one line for people where standard output is for programs."""
    sys.stderr.write(text + "\n")


def say_json(value: object) -> None:
    """Print one JSON object as one line, for programs."""
    print(msgspec.json.encode(value, enc_hook=str).decode())
