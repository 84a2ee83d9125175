"""Pages of the site that are made from the code, so that they cannot differ from it; a hook of MkDocs.

https://www.mkdocs.org/user-guide/configuration/#hooks
"""

import inspect
import json
import re
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any, TypeAlias

import typer.main
from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files

from signald import client, research
from signald.cli import app
from signald.sinks.schema import json_schema

ROOT = Path(__file__).resolve().parents[1]

# typer brings its own click, which has no public name
Command: TypeAlias = Any
Parameter: TypeAlias = Any
Context: TypeAlias = Any

DEPLOY = [Path("deploy", folder, "README.md") for folder in ("", "kubernetes", "systemd")]
ADR = sorted(path.name for path in (ROOT / "docs" / "adr").glob("0*.md"))


def on_files(files: Files, *, config: MkDocsConfig) -> Files:
    """Add the pages that do not lie in docs/."""
    pages = {
        "index.md": _moved((ROOT / "README.md").read_text(), "docs/"),
        "changelog.md": _moved((ROOT / "CHANGELOG.md").read_text(), "docs/"),
        "reference/cli.md": _command_line(),
        "reference/configuration.md": _configuration(),
        "reference/schemas.md": _schemas(),
        "reference/client.md": _module("Client", client),
        "reference/research.md": _module("Research", research),
    }
    for path in DEPLOY:
        pages[str(path)] = (ROOT / path).read_text().replace("../docs/", "../")
    for name, text in pages.items():
        files.append(File.generated(config, name, content=text))
    return files


def on_config(config: MkDocsConfig) -> MkDocsConfig:
    """List the decisions, which are numbered files."""
    nav: list[dict[str, Any]] = config.nav  # pyright: ignore[reportAssignmentType] - MkDocs types it as a list
    explanation = next(part["Explanation"] for part in nav if "Explanation" in part)
    explanation[-1] = {"Decisions": ["adr/README.md", *(f"adr/{name}" for name in ADR)]}
    return config


def on_page_markdown(markdown: str, **_: object) -> str:
    """What lies beside docs/ lies in it on the site."""
    return markdown.replace("](../../deploy/", "](../deploy/")


def _moved(text: str, folder: str) -> str:
    """A page of the root as one of docs/: its links lead from there; what is not on the site loses its link."""
    text = text.replace(f"]({folder}", "](").replace("](CHANGELOG.md)", "](changelog.md)")
    return re.sub(r"\[([^\]]+)\]\((?:LICENSE|howto|adr)\)", r"\1", text)


def _command_line() -> str:
    command = typer.main.get_command(app)
    return "\n\n".join(["# Command line", *_commands(command, ["signald"])])


def _commands(command: Command, path: list[str]) -> Iterator[str]:
    context = command.make_context(path[-1], [], resilient_parsing=True)
    if (parts := getattr(command, "commands", None)) is not None:
        for name in sorted(parts):
            yield from _commands(parts[name], [*path, name])
        return
    yield f"## {' '.join(path)}"
    yield re.sub(r"``([^`]+)``", r"`\1`", inspect.cleandoc(command.help or ""))
    rows = [_row(parameter, context) for parameter in command.params]
    yield "\n".join(["| argument | what | default |", "| --- | --- | --- |", *rows])


def _row(parameter: Parameter, context: Context) -> str:
    names = ", ".join(f"`{name}`" for name in [*parameter.opts, *parameter.secondary_opts])
    if parameter.param_type_name == "argument":
        names = f"`{parameter.metavar or parameter.name.upper()}`"
    said = (getattr(parameter, "help", None) or "").replace("|", "\\|")
    default = parameter.get_default(context)
    shown = "" if default in (None, False, "", ()) or parameter.required else f"`{default}`"
    return f"| {names} | {said} | {shown} |"


def _configuration() -> str:
    text = (ROOT / "configs" / "signald.toml").read_text()
    intro = (
        "# Configuration\n\n`configs/signald.toml` as it is shipped: every key with its default. The environment "
        "overrides any of them: `SIGNALD_MQTT__PORT=1884`, `SIGNALD_REDIS__URL_FILE=/run/secrets/redis-url`.\n"
    )
    return f"{intro}\n```toml\n{text}```\n"


def _schemas() -> str:
    parts = ["# Messages and documents", "JSON Schema of every payload, as `signald schema` prints it."]
    for name, schema in json_schema().items():
        parts += [f"## {name}", f"```json\n{json.dumps(schema, indent=2, ensure_ascii=False)}\n```"]
    return "\n\n".join(parts)


def _module(title: str, module: ModuleType) -> str:
    """What a package has for everybody, in the order of its ``__all__``."""
    parts = [f"# {title}", f"`{module.__name__}`. {_docstring(module)}"]
    for name in module.__all__:
        value = getattr(module, name)
        parts += [f"## {name}", _signature(name, value), _docstring(value)]
        for member, function in inspect.getmembers(value, inspect.isfunction):
            if not member.startswith("_"):
                parts += [f"### {name}.{member}", _signature(member, function), _docstring(function)]
    return "\n\n".join(parts)


def _signature(name: str, value: object) -> str:
    try:
        return f"```python\n{name}{inspect.signature(value)}\n```"  # pyright: ignore[reportArgumentType] - callable or not
    except (TypeError, ValueError):
        return ""


def _docstring(value: object) -> str:
    """A docstring in Google's form: its sections as they stand, indented."""
    return re.sub(r"``([^`]+)``", r"`\1`", re.sub(r":\w+:`([^`]+)`", r"`\1`", inspect.getdoc(value) or ""))
