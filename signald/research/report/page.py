"""The page around tables and charts."""

from collections.abc import Iterable, Sequence
from html import escape
from pathlib import Path
from typing import Final

from signald.errors import ConfigError

_STYLE: Final = """
:root{--bg:#fff;--ink:#1a1d21;--soft:#5d6670;--faint:#e4e7eb;--rule:#9aa3ad;--card:#f7f8fa;--a:#1f5fae;--b:#b4531a;
color-scheme:light dark}@media (prefers-color-scheme:dark){:root{--bg:#14171b;--ink:#e7e9ec;--soft:#9da7b1;
--faint:#2a3037;--rule:#6b7580;--card:#1b1f25;--a:#79b0f2;--b:#f0a468}}@media print{:root{--bg:#fff;--ink:#000;
--soft:#444;--faint:#ddd;--rule:#888;--card:#fff;--a:#1f5fae;--b:#b4531a;color-scheme:light}}
*{box-sizing:border-box}body{margin:0;background:var(--bg);color:var(--ink);
font:15px/1.5 system-ui,-apple-system,"Segoe UI",Roboto,sans-serif;-webkit-print-color-adjust:exact;
print-color-adjust:exact}main{max-width:1080px;margin:0 auto;padding:40px 28px 64px}
header{border-bottom:2px solid var(--ink);padding-bottom:14px;margin-bottom:22px}h1{font-size:27px;line-height:1.2;
margin:0 0 6px;letter-spacing:-.01em}h2{font-size:18px;margin:38px 0 4px;letter-spacing:-.005em}p{margin:6px 0 12px;
max-width:78ch}.soft,figcaption,.note{color:var(--soft)}.note{font-size:13px}.tiles{display:grid;
grid-template-columns:repeat(auto-fit,minmax(150px,1fr));gap:12px;margin:18px 0 8px}.tile{background:var(--card);
border-radius:8px;padding:12px 14px}.tile b{display:block;font-size:24px;font-weight:650;line-height:1.25;
font-variant-numeric:tabular-nums}.tile span{display:block;font-size:12.5px;color:var(--soft)}.charts{display:grid;
grid-template-columns:repeat(auto-fit,minmax(330px,1fr));gap:18px 26px;margin-top:10px}
.charts.small h3{font-size:12.5px}.charts.small{grid-template-columns:repeat(auto-fill,minmax(228px,1fr));
gap:14px 18px}figure{margin:0}figure h3{overflow-wrap:anywhere;font-size:14px;margin:0 0 2px;font-weight:600}
figcaption{font-size:12.5px;line-height:1.4;margin-top:2px}svg{display:block;width:100%;height:auto;
overflow:visible}svg text{fill:var(--soft);font:10.5px system-ui,-apple-system,"Segoe UI",Roboto,sans-serif;
font-variant-numeric:tabular-nums}svg .name{font-size:11px}.grid{stroke:var(--faint);stroke-width:1}
.rule{stroke:var(--rule);stroke-width:1}.line{fill:none;stroke-width:1.8;stroke-linejoin:round}
.dashed{stroke-dasharray:5 4}.stem{stroke-width:2.4;opacity:.35}.line.a,.stem.a{stroke:var(--a)}
.line.b,.stem.b{stroke:var(--b)}.line.c,.stem.c{stroke:var(--rule)}.dot{stroke:var(--bg);stroke-width:.8;
opacity:.85}.dot.thin{stroke:none;opacity:.5}.dot.a,.bar.a,.band.a{fill:var(--a)}
.dot.b,.bar.b,.band.b{fill:var(--b)}.dot.c,.bar.c,.band.c{fill:var(--rule)}.band{opacity:.16}.bar{opacity:.75}
.scroll{overflow-x:auto}table{border-collapse:collapse;width:100%;font-size:13.5px;
font-variant-numeric:tabular-nums;margin:8px 0}th,td{padding:5px 10px;text-align:right;white-space:nowrap;
border-bottom:1px solid var(--faint)}th:first-child,td:first-child{text-align:left;padding-left:0}
th{font-weight:600;color:var(--soft);border-bottom:1px solid var(--rule)}td small{color:var(--soft);font-size:12px;
display:inline-block;min-width:9em;text-align:left;padding-left:9px}
code{font:12px ui-monospace,SFMono-Regular,Menlo,Consolas,monospace;word-break:break-all}.key{display:inline-block;
width:18px;height:0;border-top:3px solid;vertical-align:middle;margin:0 5px 0 0}.key.a{border-color:var(--a)}
.key.b{border-color:var(--b)}.key.c{border-color:var(--rule)}footer{margin-top:44px;
border-top:1px solid var(--faint);padding-top:12px;font-size:12.5px;color:var(--soft)}@media print{@page{size:A4;
margin:13mm}body{font-size:9pt}main{padding:0;max-width:none}h1{font-size:18pt}h2{font-size:12pt;margin-top:18px;
break-after:avoid}p{max-width:none}p.soft{break-after:avoid}.charts.small h3{font-size:8pt}
figure,.tile,tr{break-inside:avoid}thead{display:table-header-group}.scroll{overflow:visible}table{font-size:8pt}
th,td{padding:2.5px 5px}td small{font-size:7pt;min-width:8.2em;padding-left:5px}
.tiles{grid-template-columns:repeat(6,1fr);gap:6px}.tile{border:1px solid var(--faint);padding:6px 8px}
.tile b{font-size:14pt}.tile span{font-size:7.5pt}.charts{grid-template-columns:1fr 1fr;gap:10px 16px}
.charts.small{grid-template-columns:repeat(3,1fr)}figcaption,.note,footer{font-size:7.5pt}code{font-size:6.5pt}}
"""


def page(title: str, subtitle: str, parts: Iterable[str], *, foot: str) -> str:
    """One HTML document; ``parts`` and ``foot`` are HTML, the rest is text."""
    return (
        f'<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><title>{escape(title)}</title>'
        f'<meta name="viewport" content="width=device-width,initial-scale=1"><style>{_STYLE}</style></head>'
        f"<body><main><header><h1>{escape(title)}</h1><div class=soft>{escape(subtitle)}</div></header>\n"
        f"{chr(10).join(parts)}\n<footer>{foot}</footer></main></body></html>\n"
    )


def write_page(path: Path, text: str) -> None:
    """Write a page where a command was told to; raises ``ConfigError`` where that cannot be."""
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise ConfigError(str(path), error.strerror or str(error)) from error


def section(title: str, lead: str, *parts: str) -> str:
    """A heading, a sentence or two of text, and what follows in HTML."""
    return f"<section><h2>{escape(title)}</h2><p class=soft>{escape(lead)}</p>{''.join(parts)}</section>"


def tiles(shown: Sequence[tuple[str, str]]) -> str:
    """Large numbers, each with what it is."""
    cells = "".join(f"<div class=tile><b>{escape(value)}</b><span>{escape(name)}</span></div>" for value, name in shown)
    return f"<div class=tiles>{cells}</div>"


def figure(title: str, drawing: str, caption: str = "") -> str:
    """A chart with its heading, which may break behind a colon; ``drawing`` and ``caption`` are HTML."""
    heading = escape(title).replace(":", ":<wbr>")
    return f"<figure><h3>{heading}</h3>{drawing}<figcaption>{caption}</figcaption></figure>"


def charts(figures: Iterable[str], *, small: bool = False) -> str:
    """Figures side by side as far as there is room."""
    return f'<div class="charts{" small" if small else ""}">{"".join(figures)}</div>'


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table; head is text, cells are HTML."""
    top = "".join(f"<th>{escape(name)}</th>" for name in head)
    body = "".join(f"<tr>{''.join(f'<td>{cell}</td>' for cell in row)}</tr>" for row in rows)
    return f"<div class=scroll><table><thead><tr>{top}</tr></thead><tbody>{body}</tbody></table></div>"


def key(of: str, text: str) -> str:
    """A line of a chart's legend."""
    return f'<i class="key {of}"></i>{escape(text)} &ensp;'


def number(value: float | None, digits: int = 2, *, sign: bool = False) -> str:
    """A number for reading, with a true minus; a dash where there is none."""
    if value is None:
        return "–"
    return f"{round(value, digits) + 0.0:{'+' if sign else ''}.{digits}f}".replace("-", "−")  # no "−0"


def percent(value: float | None, digits: int = 0, *, sign: bool = False) -> str:
    """A share as percentage, likewise."""
    return "–" if value is None else f"{number(100.0 * value, digits, sign=sign)} %"
