"""Reads a figure, however a feed spells it, into its indicator's unit: the contract's rules of numbers, once."""

import math
import re
from typing import Final

from signald.model.macro import Unit

_NUMBER: Final = re.compile(
    r"(?P<sign>[+\-\u2212]?)"
    r"(?P<digits>[0-9]{1,3}(?:,[0-9]{3})+(?:\.[0-9]+)?|[0-9]+(?:\.[0-9]+)?|\.[0-9]+)"
    r"(?:[eE](?P<exponent>[+-]?[0-9]{1,3})|(?P<suffix>[KMB%]))?"
)
_LONGEST: Final = 64  # characters; a figure has a dozen
_TOO_LARGE: Final = "an integer beyond any double"  # Python may refuse to write it out
_SUFFIX_EXPONENT: Final = {"K": 3, "M": 6, "B": 9}
_UNIT_EXPONENT: Final = {Unit.THOUSAND_PERSONS: 3, Unit.MILLION_UNITS: 6, Unit.BILLION: 9}


def parse_figure(figure: object, unit: Unit) -> float:
    """Read one figure.

    A number, or a bare numeric string, is taken as being in ``unit``. A suffix K, M or B is absolute and converted:
    ``"256K"`` and ``"0.256M"`` are 256 ``thousand_persons``. ``%`` stands only with ``percent``. Thousands
    separators and the minus sign U+2212 are read. The nearest double is returned; a zero never has a sign.

    Raises:
        ValueError: ``figure`` is no such number, not finite, or its suffix makes no sense for ``unit``; the message
            names the value.
    """
    if isinstance(figure, str):
        return _parse_text(figure, unit)
    if isinstance(figure, bool) or not isinstance(figure, int | float):
        raise _refusal(figure, unit)
    try:
        number = float(figure)
    except OverflowError:
        raise _refusal(_TOO_LARGE, unit) from None
    return _finite(number, figure, unit)


def _parse_text(text: str, unit: Unit) -> float:
    found = _NUMBER.fullmatch(text) if len(text) <= _LONGEST else None
    if found is None:
        raise _refusal(text, unit)
    exponent = int(found["exponent"] or 0)
    suffix = found["suffix"]
    if suffix == "%":
        if unit is not Unit.PERCENT:
            raise _refusal(text, unit)
    elif suffix is not None:
        if unit not in _UNIT_EXPONENT:
            raise _refusal(text, unit)
        exponent = _SUFFIX_EXPONENT[suffix] - _UNIT_EXPONENT[unit]
    digits = found["digits"].replace(",", "")
    magnitude = _finite(float(f"{digits}e{exponent}"), text, unit)
    return 0.0 - magnitude if found["sign"] in {"-", "\u2212"} else magnitude


def _finite(number: float, figure: object, unit: Unit) -> float:
    if not math.isfinite(number):
        raise _refusal(figure, unit)
    return number + 0.0  # -0.0 becomes 0.0


def _refusal(figure: object, unit: Unit) -> ValueError:
    shown = repr(figure)
    if len(shown) > _LONGEST:
        shown = shown[:_LONGEST] + "…"
    return ValueError(f"{shown} is not a figure in {unit.value}")
