"""Writes docs/metrics.md and docs/logs.md from the code: `make tables`."""

import ast
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from signald.console.catalogue import as_markdown  # noqa: E402 - the checkout is not installed everywhere
from signald.logs import LINES  # noqa: E402 - see above

LEVELS = {"debug", "info", "warning", "error", "exception", "critical"}
HEAD = """# Log events

Made from the code by `make tables`. One JSON object a line on standard error, or lines for people on a terminal;
`event` is a constant in the past tense, everything else is a field, `ts` the time. The same notice again within ten
seconds is not said but counted, and the next line has `repetitions`; of one event no more than a hundred lines are said
in ten seconds. What is about a signal has its `id`, what is about a release its `release_id` (or `causes`, of a
document): both are the ids of the stream, so a line, a document and a journal's record can be laid side by side.

## Notices: facts about ourselves

They are counted (`signald_notices_total`), stand in the stream `{signald}:notices`, and in the journal.

"""


class Event(NamedTuple):
    """A line that the code may log."""

    event: str
    level: str
    fields: tuple[str, ...]
    where: str


def events() -> list[Event]:
    """Every call of a logger with a constant, in order of the event."""
    found = [one for path in sorted((ROOT / "signald").rglob("*.py")) for one in _events_of(path)]
    return sorted(set(found))


def _events_of(path: Path) -> Iterator[Event]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if not isinstance(node, ast.Call) or not node.args or not isinstance(node.args[0], ast.Constant):
            continue
        level = _level(node.func)
        if level and isinstance(node.args[0].value, str):
            fields = tuple(sorted(one.arg for one in node.keywords if one.arg))
            yield Event(node.args[0].value, level, fields, str(path.relative_to(ROOT)))


def _level(called: ast.expr) -> str:
    """The level of ``log.LEVEL`` and of a ``tell`` that is one of several."""
    if isinstance(called, ast.Attribute) and isinstance(called.value, ast.Name) and called.value.id == "log":
        return called.attr if called.attr in LEVELS else ""
    return "varies" if isinstance(called, ast.Name) and called.id == "tell" else ""


def logs_markdown() -> str:
    """docs/logs.md."""
    lines = ["| event | level | fields | meaning |", "| --- | --- | --- | --- |"]
    for kind, line in sorted(LINES.items(), key=lambda item: item[1].event):
        fields = ", ".join(f"`{name}`" for name in kind.__struct_fields__ if name != "ts_ingest")
        meaning = " ".join((kind.__doc__ or "").split("\n\n")[0].split())
        lines.append(f"| `{line.event}` | {line.level} | {fields} | {meaning} |")
    lines += ["", "## Everything else", "", "| event | level | fields | said by |", "| --- | --- | --- | --- |"]
    for one in events():
        fields = ", ".join(f"`{name}`" for name in one.fields)
        lines.append(f"| `{one.event}` | {one.level} | {fields} | `{one.where}` |")
    return HEAD + "\n".join(lines) + "\n"


def main() -> None:
    """Write both."""
    (ROOT / "docs" / "metrics.md").write_text(as_markdown(), encoding="utf-8")
    (ROOT / "docs" / "logs.md").write_text(logs_markdown(), encoding="utf-8")


if __name__ == "__main__":
    main()
