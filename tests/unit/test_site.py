"""The documentation's site: every page has its place, and every file that a page is made from is there."""

from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parents[2]


class _Plain(yaml.SafeLoader):
    """Reads MkDocs's file without loading what it names."""


_Plain.add_multi_constructor("tag:yaml.org,2002:python/name:", lambda _loader, suffix, _node: suffix)


def pages(nav: list[Any]) -> list[str]:
    """All files that a navigation names, however deep."""
    found: list[str] = []
    for entry in nav:
        for value in entry.values() if isinstance(entry, dict) else [entry]:
            found += pages(value) if isinstance(value, list) else [value]
    return found


def test_every_document_stands_in_the_navigation() -> None:
    site = yaml.load((ROOT / "mkdocs.yml").read_text(), Loader=_Plain)  # noqa: S506 - a safe loader's child
    made = {"index.md", "changelog.md"}

    shown = {page for page in pages(site["nav"]) if page not in made and not page.startswith(("reference/", "deploy/"))}
    there = {str(path.relative_to(ROOT / "docs")) for path in (ROOT / "docs").rglob("*.md")}

    assert shown == {page for page in there if not page.startswith("adr/0")}
