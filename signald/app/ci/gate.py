"""Runs a gate's parts, one check after the other, and compares with another run."""

import hashlib
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Literal

import msgspec

from signald.app.ci.plan import BacktestPlan, Plan, ReplayPlan, found
from signald.app.delay import OnBooks
from signald.app.recordings import run_replay, run_verify
from signald.app.research import check_threshold, run_backtest
from signald.app.world import asset_of
from signald.config import Config
from signald.errors import UNREADABLE, ConfigError
from signald.model.time import Nanos, parse_rfc3339
from signald.research.backtest import BacktestResult
from signald.research.calibrate import PRIMARY_S
from signald.research.paired import Compared, Scored, compare_pairs, scored
from signald.research.scope import Scope

SCHEMA = "signald.ci/1"


class Check(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that had to hold: which part, what, whether it did, and what was seen."""

    part: Literal["replay", "verify", "backtest", "base"]
    name: str
    passed: bool
    said: str


class Replayed(msgspec.Struct, frozen=True, kw_only=True):
    """What journals gave.

    Attributes:
        records: Records that were fed.
        documents: Documents they gave.
        digest: SHA-256 of those, a line each.
        releases: Release, or kind where a document has none → SHA-256 of its documents.
    """

    records: int
    documents: int
    digest: str
    releases: dict[str, str]


class GateResult(msgspec.Struct, frozen=True, kw_only=True):
    """Everything a run found; another run's ``--base``.

    Attributes:
        schema: Name of this form.
        passed: Whether every check did.
        checks: In the order they were made.
        replay: What was replayed.
        backtest: The scores.
        predictions: Seconds, as text → predictions in order of time.
        compared: Seconds, as text → against ``--base``.
        changed: Releases whose documents differ from those of ``--base``.
    """

    schema: str = SCHEMA
    passed: bool
    checks: tuple[Check, ...]
    replay: Replayed | None = None
    backtest: BacktestResult | None = None
    predictions: dict[str, tuple[Scored, ...]] = {}
    compared: dict[str, Compared] = {}
    changed: tuple[str, ...] = ()


def load_base(path: Path) -> GateResult:
    """Read another run's result; raises ``ConfigError``."""
    if not path.is_file():  # a device may have no end
        raise ConfigError(str(path), "no such file")
    try:
        base = msgspec.json.decode(path.read_bytes(), type=GateResult)
    except OSError as error:
        raise ConfigError(str(path), error.strerror or str(error)) from error
    except UNREADABLE as error:
        raise ConfigError(str(path), f"is no result of signald ci: {error}") from error
    if base.schema != SCHEMA:
        raise ConfigError(str(path), f"schema {base.schema!r} is not {SCHEMA!r}")
    return base


def run_gate(config: Config, plan: Plan, folder: Path, *, base: GateResult | None = None) -> GateResult:
    """Run everything the plan has; a check that does not hold is in the result, not raised.

    Args:
        config: The configuration that journals are replayed by.
        plan: What to run.
        folder: Where its paths are seen from.
        base: Another run to compare with.

    Raises:
        ConfigError: The plan cannot be run as told.
        JournalError: A journal cannot be read.
        ImportFormatError: A calendar or price file is not what it should be.
    """
    checks: list[Check] = []
    replayed = _replay(config, plan.replay, folder, checks) if plan.replay else None
    checks += [_verify(config, journal) for journal in (found(folder, plan.verify.journals) if plan.verify else ())]
    result, predictions = _backtest(config, plan.backtest, folder, checks) if plan.backtest else (None, {})
    compared: dict[str, Compared] = {}
    changed: tuple[str, ...] = ()
    if base is not None:
        compared = _compare(predictions, base.predictions)
        changed = _changed(replayed, base.replay)
        if plan.backtest and plan.backtest.fail_if_worse:
            checks += _worse(compared)
    return GateResult(
        passed=all(check.passed for check in checks),
        checks=tuple(checks),
        replay=replayed,
        backtest=result,
        predictions=predictions,
        compared=compared,
        changed=changed,
    )


def _replay(config: Config, plan: ReplayPlan, folder: Path, checks: list[Check]) -> Replayed:
    with tempfile.TemporaryDirectory() as scratch:
        out = Path(scratch) / "documents"
        journals = found(folder, plan.journals)
        summary = run_replay(config, journals, from_ts=None, to_ts=None, out=out, checkpoints=None, every=1)
        whole = hashlib.sha256()
        releases: dict[str, Any] = {}
        with out.open("rb") as lines:
            for line in lines:
                whole.update(line)
                for cause in _causes(line):
                    releases.setdefault(cause, hashlib.sha256()).update(line)
    replayed = Replayed(
        records=summary.records,
        documents=summary.signals,
        digest=whole.hexdigest(),
        releases={cause: digest.hexdigest() for cause, digest in sorted(releases.items())},
    )
    said = f"{replayed.documents} documents of {replayed.records} records, digest {replayed.digest}"
    agrees = plan.golden in {"", replayed.digest}
    checks.append(
        Check(
            part="replay",
            name="documents have the golden digest" if plan.golden else "documents",
            passed=agrees,
            said=said if agrees else f"{said}, not {plan.golden}",
        )
    )
    return replayed


class _Cause(msgspec.Struct):
    release_id: str | None = None


class _Document(msgspec.Struct):
    kind: str
    causes: tuple[_Cause, ...] = ()


def _causes(line: bytes) -> list[str]:
    document = msgspec.json.decode(line, type=_Document)
    return [cause.release_id for cause in document.causes if cause.release_id] or [document.kind]


def _verify(config: Config, journal: Path) -> Check:
    name = f"{journal.name} gives what was published"
    comparison = run_verify(config, journal)
    where = comparison.difference
    if where is None:
        said = f"{comparison.documents} documents and {comparison.rows} board rows are the same"
    else:
        said = f"{where.what} differs at {where.where}"
    return Check(part="verify", name=name, passed=where is None, said=said)


def _backtest(
    config: Config, plan: BacktestPlan, folder: Path, checks: list[Check]
) -> tuple[BacktestResult, dict[str, tuple[Scored, ...]]]:
    scope = Scope(
        asset=asset_of(config, plan.instrument),
        begin=_moment(plan.since),
        end=_moment(plan.until),
        indicators=plan.indicators,
        embargo_s=plan.embargo_s,
        cost_bps=plan.cost_bps,
    )
    books = found(folder, plan.books)
    examined = run_backtest(
        config,
        found(folder, plan.calendars),
        found(folder, plan.prices),
        scope=scope,
        model=folder / plan.model if plan.model else None,
        report=folder / plan.report if plan.report else None,
        books=OnBooks(books) if books else None,
    )
    result = examined.result
    scores = result.horizons[str(PRIMARY_S)]
    checks.append(
        Check(part="backtest", name="release times", passed=scores.n > 0, said=f"{scores.n} release times were scored")
    )
    for expression in plan.fail_if:
        crossed = check_threshold(result, expression)
        checks.append(
            Check(part="backtest", name=f"not {expression}", passed=crossed is None, said=crossed or "it holds")
        )
    times = dict(enumerate(examined.ts))
    return result, {str(seconds): scored(one, times) for seconds, one in examined.judged.items()}


def _compare(ours: Mapping[str, tuple[Scored, ...]], theirs: Mapping[str, tuple[Scored, ...]]) -> dict[str, Compared]:
    pairs = {
        seconds: compare_pairs(*({one.ts: one for one in of[seconds]} for of in (ours, theirs)))
        for seconds in ours
        if seconds in theirs
    }
    return {seconds: pair for seconds, pair in pairs.items() if pair is not None}


def _changed(ours: Replayed | None, theirs: Replayed | None) -> tuple[str, ...]:
    if ours is None or theirs is None:
        return ()
    names = sorted(ours.releases.keys() | theirs.releases.keys())
    return tuple(name for name in names if ours.releases.get(name) != theirs.releases.get(name))


def _worse(compared: Mapping[str, Compared]) -> Iterator[Check]:
    of = compared.get(str(PRIMARY_S))
    if of is None:
        yield Check(part="base", name="releases in common", passed=False, said="both runs predicted none of the same")
        return
    for name, gain in (("CRPS", of.crps), ("log score", of.log_score)):
        said = f"{gain.mean:+.4f}, 90 % interval {gain.lo:+.4f} … {gain.hi:+.4f}, {of.n} release times"
        yield Check(part="base", name=f"{name} no worse than base by more than noise", passed=gain.hi >= 0.0, said=said)


def _moment(text: str) -> Nanos | None:
    if not text:
        return None
    try:
        return parse_rfc3339(text if "T" in text else f"{text}T00:00:00Z")
    except ValueError as error:
        where = "backtest"
        raise ConfigError(where, f"{text!r} is no day or time: {error}") from error
