"""What a gate is told: one TOML file, whose paths are seen from its own folder."""

from pathlib import Path

import msgspec

from signald.errors import UNREADABLE, ConfigError


class ReplayPlan(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``[replay]``: journals that are run through the engine as one.

    Attributes:
        journals: Their paths.
        golden: SHA-256 of the documents they must give, a line each; empty: whatever they give.
    """

    journals: tuple[str, ...]
    golden: str = ""


class VerifyPlan(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``[verify]``: journals of live runs that must give what was published."""

    journals: tuple[str, ...]


class BacktestPlan(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``[backtest]``: as the command of that name.

    Attributes:
        calendars: Files or patterns, in order of trust.
        prices: Likewise.
        since: First day or time that is scored; ``from`` in the file.
        until: Day or time from which on nothing is; ``to`` in the file.
        instrument: Asset, or an instrument of it.
        indicators: Only timestamps of these; empty: all.
        model: A model to be scored as it stands; empty: learn as one goes.
        embargo_s: Seconds after a move is over before it is learnt from.
        cost_bps: Of a round trip.
        fail_if: Thresholds that must not be crossed.
        fail_if_worse: Whether to be worse than ``--base`` by more than noise fails.
        report: Where to write the report in HTML; empty: nowhere.
        books: Journals with releases over recorded books, whose spread, depth, guard and reaction the report shows.
    """

    calendars: tuple[str, ...]
    prices: tuple[str, ...]
    since: str = msgspec.field(name="from", default="")
    until: str = msgspec.field(name="to", default="")
    instrument: str = "BTC"
    indicators: tuple[str, ...] = ()
    model: str = ""
    embargo_s: int = 3_600
    cost_bps: float = 10.0
    fail_if: tuple[str, ...] = ()
    fail_if_worse: bool = True
    report: str = ""
    books: tuple[str, ...] = ()


class Plan(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The whole file; a part that is not there is not run.

    Attributes:
        result: Where the result goes, for a later run's ``--base``.
        junit: Where the checks go as JUnit XML; empty: nowhere.
        summary: Where the summary goes in Markdown; empty: nowhere.
        replay: Journals to replay.
        verify: Journals to verify.
        backtest: Releases to predict.
    """

    result: str = "result.json"
    junit: str = "junit.xml"
    summary: str = "summary.md"
    replay: ReplayPlan | None = None
    verify: VerifyPlan | None = None
    backtest: BacktestPlan | None = None


def load_plan(path: Path) -> Plan:
    """Read a gate's file.

    Raises:
        ConfigError: It is missing, is no TOML, or has a key or value that is not known.
    """
    if not path.is_file():  # a device may have no end
        raise ConfigError(str(path), "no such file")
    try:
        plan = msgspec.toml.decode(path.read_bytes(), type=Plan)
    except OSError as error:
        raise ConfigError(str(path), error.strerror or str(error)) from error
    except UNREADABLE as error:
        raise ConfigError(str(path), str(error)) from error
    if plan.replay is None and plan.verify is None and plan.backtest is None:
        raise ConfigError(str(path), "has none of [replay], [verify] and [backtest]: there is nothing to run")
    return plan


def found(folder: Path, patterns: tuple[str, ...]) -> list[Path]:
    """The files of paths or patterns, seen from ``folder``; a pattern's by name.

    Raises:
        ConfigError: One has none.
    """
    paths: list[Path] = []
    for pattern in patterns:
        path = folder / pattern
        matches = [path] if path.exists() else sorted(path.parent.glob(path.name))
        if not matches:
            raise ConfigError(pattern, f"no such file, seen from {folder}")
        paths += matches
    return paths
