"""What the documents show is what is run."""

import ast
import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def test_the_howtos_desk_is_the_one_that_is_run() -> None:
    howto = (ROOT / "docs/howto/consume-signals.md").read_text(encoding="utf-8")

    [shown] = re.findall(r"```python\n(.*?)```", howto, flags=re.DOTALL)

    assert shown == (ROOT / "examples/desk.py").read_text(encoding="utf-8")


def test_the_example_desk_is_of_thirty_lines() -> None:
    text = (ROOT / "examples/desk.py").read_text(encoding="utf-8")

    lines = [line for line in text.splitlines() if line.strip()]

    assert ast.parse(text)
    assert len(lines) <= 30
