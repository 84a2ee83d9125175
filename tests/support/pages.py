"""Blocks of code on the project's pages: what is run as it stands there, and what says why it is not.

A comment in the line before a block, which no reader sees, says who runs it, why nobody does, or that it runs on::

    <!-- run by tests/integration/test_demo.py -->
    <!-- not run: needs a cluster -->
    <!-- runs on: what it says when it is ready -->

What says nothing of the first two kinds is typed by ``test_pages.py``, in ``tests/integration`` or ``tests/soak``.
"""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final, NamedTuple

ROOT: Final = Path(__file__).resolve().parents[2]
PAGES: Final = (
    ROOT / "README.md",
    *sorted(path for path in (ROOT / "deploy").rglob("README.md") if "node_modules" not in path.parts),
    *sorted((ROOT / "docs").rglob("*.md")),
)
SHELL: Final = frozenset({"", "sh"})
RUNS_ON: Final = "runs on"

_FENCE = re.compile(r" *```(\w*)$")
_NOTE = re.compile(r"\s*<!-- ((?:run by|not run|runs on)\b.*) -->")


class Block(NamedTuple):
    """A fenced block.

    Attributes:
        page: Where it stands, from the root.
        language: As the fence names it; ``""`` and ``sh`` are shell.
        text: Its lines, without what the whole block is indented by.
        note: Who runs it, why nobody does, or that it runs on; ``""``: whoever runs the page.
    """

    page: str
    language: str
    text: str
    note: str

    @property
    def is_typed(self) -> bool:
        """Is it run with its page?"""
        return not self.note or self.note.startswith(RUNS_ON)


def blocks_of(path: Path) -> Iterator[Block]:
    """All blocks of a page."""
    language: str | None = None
    note, kept = "", list[str]()
    lines = path.read_text(encoding="utf-8").splitlines()
    for number, line in enumerate(lines):
        fence = _FENCE.fullmatch(line)
        if fence is None:
            kept.append(line)
        elif language is None:
            language, kept = fence[1], []
            found = _NOTE.fullmatch(lines[number - 1])
            note = found[1] if found else ""
        else:
            indent = min((len(one) - len(one.lstrip()) for one in kept if one.strip()), default=0)
            yield Block(str(path.relative_to(ROOT)), language, "\n".join(one[indent:] for one in kept), note)
            language = None


ALL: Final = tuple(block for page in PAGES for block in blocks_of(page))
