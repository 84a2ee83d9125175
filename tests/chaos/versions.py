"""A newer version of signald, made of this one: its documents have a flag and a field that this one does not know.

That is what a minor version may bring (docs/howto/release.md). The copy lies in a directory of its own, from which a
nursery bears its daemons; journals, Redis and broker are the same for both.
"""

import shutil
from pathlib import Path
from typing import Final

import signald

FLAG: Final = "newer_flag"
FIELD: Final = "newer_field"

_PACKAGE: Final = Path(signald.__file__).parent
_CHANGES: Final = (
    ("model/signals.py", '    "unsigned",\n', f'    "unsigned",\n    "{FLAG}",\n'),
    ("model/signals.py", "    schema: str = SCHEMA\n", f"    schema: str = SCHEMA\n    {FIELD}: int = 7\n"),
    (
        "sinks/encoding.py",
        "    return _ENCODER.encode(signal)\n",
        f'    return _ENCODER.encode(msgspec.structs.replace(signal, flags=(*signal.flags, "{FLAG}")))\n',
    ),
)


def make_newer(folder: Path) -> Path:
    """Write the newer version below ``folder``; what has to stand on the path before this one."""
    root = folder / "newer"
    shutil.copytree(_PACKAGE, root / "signald", ignore=shutil.ignore_patterns("__pycache__"))
    if not (_PACKAGE / "configs").exists():  # a checkout has them beside the package
        shutil.copytree(_PACKAGE.parent / "configs", root / "configs")
    for name, old, new in _CHANGES:
        path = root / "signald" / name
        text = path.read_text(encoding="utf-8")
        assert text.count(old) == 1, f"{name} has changed: {old!r}"
        path.write_text(text.replace(old, new), encoding="utf-8")
    return root
