"""Project files agree with one another: README's commands, fixed versions, no trace of the machine that made them."""

import re
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "deploy").rglob("README.md")), *sorted((ROOT / "docs").rglob("*.md"))]
# A version, or where the benches' peers need an older one a range, whose upper end everybody else gets.
PIN = re.compile(r"([a-z0-9-]+)(?:==|>=[0-9.]+,<=)([^ ;]+)( ?; .+?)?(?: \\)?")


def pinned(lines: list[str]) -> set[tuple[str, str]]:
    """Names and versions of the lines that fix one."""
    return {(found[1], found[2]) for line in lines if (found := PIN.fullmatch(line))}


def test_readme_begins_with_the_two_commands() -> None:
    lines = (ROOT / "README.md").read_text().splitlines()

    head = lines[lines.index("```") + 1 : lines.index("```", lines.index("```") + 1)]

    assert head == ["pip install uv && uv run signald demo", "pip install uv && uv run pytest"]


def test_readme_links_lead_somewhere() -> None:
    links = [(path, link) for path in PAGES for link in re.findall(r"\]\(([^)#]+)[^)]*\)", path.read_text())]
    broken = [(path.name, link) for path, link in links if ":" not in link and not (path.parent / link).exists()]

    assert broken == []


def test_documents_name_files_that_there_are() -> None:
    named = [(path, name) for path in PAGES for name in re.findall(r"`([a-z_]+/[a-z_/.]*)`", path.read_text())]
    missing = [
        (path.name, name)
        for path, name in named
        if name.split("/")[0]
        not in {
            "build",
            "calendar",
            "expectations",
            "heartbeat",
            "movers",
            "secrets",
            "var",
        }  # topics; what a run, a script makes
        and not any((folder / name).exists() for folder in (ROOT, ROOT / "signald", path.parent))
    ]

    assert named
    assert missing == []


def test_documents_know_nothing_of_the_machine_they_were_written_on() -> None:
    documents = [ROOT / "CHANGELOG.md", *PAGES]

    said = [
        (path.name, found)
        for path in documents
        for found in re.findall(r"/(?:work|tmp|root|home)/|\.\./shared|index-url|pypi\.org", path.read_text())
    ]

    assert said == []


def test_every_direct_dependency_is_fixed_to_one_version() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    required = [
        *project["project"]["dependencies"],
        *(name for extra in project["project"]["optional-dependencies"].values() for name in extra),
        *(name for group in project["dependency-groups"].values() for name in group),
    ]

    names = {re.split(r"[^a-z0-9-]", requirement)[0] for requirement in required} - {"signald"}
    fixed = {name for name, _ in pinned(project["tool"]["uv"]["constraint-dependencies"])}

    assert names - fixed == set()


def test_requirements_lock_has_the_constraints_versions_and_only_hashes_besides() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    constraints = pinned(project["tool"]["uv"]["constraint-dependencies"])
    lines = (ROOT / "requirements.lock").read_text().splitlines()

    strange = [
        line for line in lines if not PIN.fullmatch(line) and not re.fullmatch(r"    --hash=sha256:\w{64}( \\)?", line)
    ]

    assert strange == []
    assert pinned(lines) - constraints == set()


def test_requirements_lock_has_all_that_the_package_requires_and_a_hash_for_each() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    text = (ROOT / "requirements.lock").read_text()

    required = {re.split(r"[^a-z0-9-]", requirement)[0] for requirement in project["dependencies"]}
    locked = {
        re.split(r"[^a-z0-9-]", entry)[0]: entry.count("--hash=sha256:")
        for entry in re.split(r"\n(?=\S)", text.strip())
    }

    assert required - locked.keys() == set()
    assert {name for name, hashes in locked.items() if not hashes} == set()
