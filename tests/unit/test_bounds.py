"""What the code queues and remembers without a length of its own is documented, with why it has an end."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parents[2]
PACKAGE: Final = ROOT / "signald"
ELSEWHERE: Final = ("bench", "research", "replay", "simulate")
"""What ends with the file that it reads, or with the demo; memory of replays has tests of its own."""

QUEUES: Final = frozenset({"Queue", "LifoQueue", "PriorityQueue", "SimpleQueue", "Mailbox"})
CACHES: Final = frozenset({"cache", "lru_cache"})


def name_of(called: ast.expr) -> str:
    """The last word of ``a.b[c]``."""
    return ast.unparse(called).split("[")[0].split("(")[0].rpartition(".")[2]


def is_unbounded(node: ast.AST) -> bool:
    """Whether a deque without a length, or a queue, is made in it."""
    for call in (each for each in ast.walk(node) if isinstance(each, ast.Call)):
        name = name_of(call.func)
        if name in QUEUES or (
            name == "deque" and len(call.args) < 2 and "maxlen" not in [word.arg for word in call.keywords]
        ):
            return True
    return False


def found_in(path: Path) -> Iterator[str]:
    """Names of the attributes and variables that hold one, and of functions whose results are remembered."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, (ast.Assign, ast.AnnAssign)) and node.value is not None and is_unbounded(node.value):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            yield from (name_of(target) for target in targets)
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            returned = [
                each.value for each in ast.walk(node) if isinstance(each, ast.Return) and each.value is not None
            ]
            if any(map(is_unbounded, returned)) or any(name_of(each) in CACHES for each in node.decorator_list):
                yield node.name


def documented() -> set[tuple[str, str]]:
    """File and name of every row."""
    text = (ROOT / "docs" / "reliability.md").read_text(encoding="utf-8")
    rows = text.partition("### Every queue and every cache")[2].partition("\n## ")[0]
    cells = re.findall(r"^\| `([\w/]+\.py)` \| ([^|]+) \|", rows, re.MULTILINE)
    return {(file, name) for file, names in cells for name in re.findall(r"`(\w+)`", names)}


def test_every_queue_and_cache_is_told_with_its_bound_and_nothing_else_is() -> None:
    files = [path for path in PACKAGE.rglob("*.py") if path.relative_to(PACKAGE).parts[0] not in ELSEWHERE]

    found = {(path.relative_to(PACKAGE).as_posix(), name) for path in files for name in found_in(path)}

    assert found == documented()


def test_no_cache_is_without_a_size() -> None:
    endless = [
        (path.name, node.name)
        for path in PACKAGE.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.FunctionDef)
        for each in node.decorator_list
        if name_of(each) == "cache" or (name_of(each) == "lru_cache" and "maxsize=" not in ast.unparse(each))
    ]

    assert endless == []
