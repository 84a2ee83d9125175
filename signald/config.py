"""The whole configuration, composed of each part's own section: read, overlaid by the environment, checked at once."""

import re
import tomllib
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any, TypeAlias, cast

import msgspec

from signald.core.guard.rules import GuardRules
from signald.core.movers.settings import MoversConfig
from signald.core.news import NewsRules
from signald.core.release_window import WindowRules
from signald.errors import ConfigError
from signald.model.control import Blackout
from signald.model.time import NS_PER_S
from signald.sinks.entitlement import ConsumerConfig, EntitlementConfig, entitled
from signald.sources.calendars.files.config import CsvFeedConfig
from signald.sources.calendars.forexfactory import ForexFactoryConfig
from signald.sources.calendars.ics import IcsConfig
from signald.sources.calendars.tradingeconomics import TradingEconomicsConfig
from signald.sources.registry import VenueConfig, read_venue_config, venue_problems
from signald.sources.tables import key_lines, problems
from signald.transports.settings import ClockConfig, MqttConfig, Port, Positive, RedisConfig, SignaturesConfig

_RULES = ("releases", "guard", "policy", "control", "scoring", "movers")
ENV_PREFIX = "SIGNALD_"


Quorum: TypeAlias = Annotated[int, msgspec.Meta(ge=1, le=9)]


Cpu = Annotated[int, msgspec.Meta(ge=0)]


Share = Annotated[float, msgspec.Meta(gt=0, le=1)]


class LiveConfig(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How the daemon runs.

    ``rehearse_every_s``: how often a test release walks the whole path, 0 for never. ``busy_poll_s``: so long before
    and after each release the loop does not sleep. ``feed_workers``: processes among which the venues are shared.
    ``cpus`` and ``feed_cpus``: processors to which what handles releases, and what keeps books, are bound; none: any.
    ``realtime_priority``: of SCHED_FIFO for what handles releases, 0 for none. ``lock_memory``: its pages stay.
    ``clock_file`` is the demo's: eight bytes that shift the wall clock.
    """

    startup_timeout_s: Positive = 10.0
    rehearse_every_s: Annotated[float, msgspec.Meta(ge=0)] = 60.0
    busy_poll_s: Annotated[float, msgspec.Meta(ge=0)] = 0.0
    feed_workers: Annotated[int, msgspec.Meta(ge=1, le=32)] = 1
    cpus: tuple[Cpu, ...] = ()
    feed_cpus: tuple[Cpu, ...] = ()
    realtime_priority: Annotated[int, msgspec.Meta(ge=0, le=99)] = 0
    lock_memory: bool = False
    clock_file: str | None = None


class ReleasesConfig(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Moments of a release's life, in seconds around its scheduled time T0; see :class:`WindowRules`."""

    arm_before_s: Positive = 870.0
    early_tolerance_s: Positive = 2.0
    late_after_s: Positive = 60.0
    valid_s: Positive = 300.0
    close_after_s: Positive = 3_600.0
    watch_before_s: Positive = 600.0
    bundle_wait_s: Positive = 10.0
    confirm_within_s: Positive = 30.0
    clock_tolerance_s: Positive = 0.05

    def rules(self) -> WindowRules:
        """The same, in nanoseconds."""
        return WindowRules(
            arm_before_ns=round(self.arm_before_s * NS_PER_S),
            early_tolerance_ns=round(self.early_tolerance_s * NS_PER_S),
            late_after_ns=round(self.late_after_s * NS_PER_S),
            valid_ns=round(self.valid_s * NS_PER_S),
            close_after_ns=round(self.close_after_s * NS_PER_S),
            watch_before_ns=round(self.watch_before_s * NS_PER_S),
            bundle_wait_ns=round(self.bundle_wait_s * NS_PER_S),
            confirm_within_ns=round(self.confirm_within_s * NS_PER_S),
            clock_tolerance_ns=round(self.clock_tolerance_s * NS_PER_S),
        )


class BooksConfig(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is measured of every book; of the sizes the first is the desk's own: a move must pay what it costs.

    ``composites``: assets of which there is a row over all venues, ``BTC-USD.COMPOSITE``, where two venues or more are.
    """

    slippage_usd: Annotated[tuple[Positive, ...], msgspec.Meta(max_length=2)] = (100_000.0, 1_000_000.0)
    composites: tuple[str, ...] = ("BTC", "ETH", "SOL")


class GuardConfig(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The desk's timeline, in seconds around a release's scheduled time T0; see :class:`GuardRules`."""

    widen_before_s: Positive = 900.0
    minor_widen_before_s: Positive = 120.0
    important: tuple[str, ...] = (
        "us.cpi.*",
        "us.core_cpi.*",
        "us.nfp",
        "us.unemployment_rate",
        "us.average_hourly_earnings.*",
        "us.fomc.*",
        "us.pce.*",
        "us.core_pce.*",
        "us.ppi.*",
        "us.gdp.*",
        "us.retail_sales.*",
    )
    hold_before_s: Positive = 5.0
    overdue_after_s: Positive = 60.0
    recover_after_s: Positive = 300.0
    normal_after_s: Positive = 1_800.0
    recover_share: Share = 0.5
    normal_share: Share = 0.8
    check_at_s: tuple[Positive, ...] = (10.0, 30.0, 60.0, 120.0, 300.0, 600.0, 900.0, 1_200.0)
    react_at_s: tuple[Positive, ...] = (10.0, 60.0, 300.0, 900.0)
    renew_every_s: Positive = 3_600.0

    def rules(self) -> GuardRules:
        """The same, in nanoseconds."""
        return GuardRules(
            widen_before_ns=round(self.widen_before_s * NS_PER_S),
            minor_widen_before_ns=round(self.minor_widen_before_s * NS_PER_S),
            important=self.important,
            hold_before_ns=round(self.hold_before_s * NS_PER_S),
            overdue_after_ns=round(self.overdue_after_s * NS_PER_S),
            recover_after_ns=round(self.recover_after_s * NS_PER_S),
            normal_after_ns=round(self.normal_after_s * NS_PER_S),
            recover_share=self.recover_share,
            normal_share=self.normal_share,
            check_at_ns=tuple(round(one * NS_PER_S) for one in self.check_at_s),
            react_at_ns=tuple(round(one * NS_PER_S) for one in self.react_at_s),
            renew_every_ns=round(self.renew_every_s * NS_PER_S),
        )


class PolicyConfig(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What counts as one event, and which events are guarded; see :class:`NewsRules`."""

    guard_from: Share = 0.3
    hold_s: Positive = 60.0
    fresh_s: Positive = 600.0
    same_within_s: Positive = 21_600.0
    alike: Share = 0.5

    def rules(self) -> NewsRules:
        """The same, in nanoseconds."""
        return NewsRules(
            guard_from=self.guard_from,
            hold_ns=round(self.hold_s * NS_PER_S),
            fresh_ns=round(self.fresh_s * NS_PER_S),
            same_within_ns=round(self.same_within_s * NS_PER_S),
            alike=self.alike,
        )


class ControlConfig(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What stops signals besides commands: a file, and times of the day."""

    halt_file: str = "var/halt"
    blackouts: tuple[Blackout, ...] = ()


class JournalConfig(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where everything is recorded; ``sync_interval_ms`` is how far the disk may be behind."""

    path: str = "var/journal"
    segment_mb: Annotated[int, msgspec.Meta(ge=1, le=2_048)] = 32
    sync_interval_ms: Annotated[int, msgspec.Meta(ge=1, le=1_000)] = 5


class MetricsConfig(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where Prometheus scrapes."""

    host: str = "127.0.0.1"
    port: Port = 9464


class ConsoleConfig(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The page for people; ``token_file`` holds what a halt from there takes, and is made where it is missing.

    ``read_token_file`` holds what looking takes, and is made too; ``""``: whoever reaches the port may look.
    """

    enabled: bool = True
    host: str = "127.0.0.1"
    port: Port = 9465
    token_file: str = "var/console-token"  # noqa: S105 - where it is, not what it is
    read_token_file: str = ""


class ModelConfig(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What scores; ``shadow`` is the file of a second model that predicts and is scored beside it, ``""`` for none."""

    path: str = "configs/model.json"
    shadow: str = ""


class ScoringConfig(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How the model is applied.

    Attributes:
        online: It learns the outcomes of live releases, and a start goes on with what the runs before had learnt.
        volatility: Moves are scaled to the volatility of the hour before a release, as seen on the board.
        depth_elasticity: By how much percent more moves are expected in a book a percent thinner than in that hour.
    """

    online: bool = True
    volatility: bool = True
    depth_elasticity: Annotated[float, msgspec.Meta(ge=0, le=1)] = 0.0


class CalendarConfig(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which series are known, where it is kept what was known when, and whose word counts.

    Attributes:
        indicators: The list of series.
        vintages: The store of what was known when.
        sources: Feeds in order of trust, for series that name none of their own.
        quorum: How many sources must agree on any figure before it is scored; a series may ask for more.
        quorums: The same for some series: indicator, which may end in ``*``, to number.
    """

    indicators: str = "configs/indicators.toml"
    vintages: str = "var/vintages.sqlite"
    sources: tuple[str, ...] = ()
    quorum: Quorum = 1
    quorums: dict[str, Quorum] = {}


class BridgesConfig(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Real feeds that ``signald bridge`` carries onto MQTT, each with what it needs to know."""

    tradingeconomics: TradingEconomicsConfig = TradingEconomicsConfig()
    forexfactory: ForexFactoryConfig = ForexFactoryConfig()
    ics: IcsConfig = IcsConfig()
    csv: CsvFeedConfig = CsvFeedConfig()


class InstrumentsConfig(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Tick and lot sizes of what is traded."""

    path: str = "configs/instruments.toml"


class _File(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The file as it stands, its venues not yet read."""

    mqtt: MqttConfig = MqttConfig()
    signatures: SignaturesConfig = SignaturesConfig()
    clock: ClockConfig = ClockConfig()
    redis: RedisConfig = RedisConfig()
    live: LiveConfig = LiveConfig()
    releases: ReleasesConfig = ReleasesConfig()
    guard: GuardConfig = GuardConfig()
    policy: PolicyConfig = PolicyConfig()
    movers: MoversConfig = MoversConfig()
    control: ControlConfig = ControlConfig()
    books: BooksConfig = BooksConfig()
    journal: JournalConfig = JournalConfig()
    metrics: MetricsConfig = MetricsConfig()
    console: ConsoleConfig = ConsoleConfig()
    model: ModelConfig = ModelConfig()
    scoring: ScoringConfig = ScoringConfig()
    calendar: CalendarConfig = CalendarConfig()
    bridges: BridgesConfig = BridgesConfig()
    instruments: InstrumentsConfig = InstrumentsConfig()
    entitlement: EntitlementConfig = EntitlementConfig()
    consumers: tuple[ConsumerConfig, ...] = ()


class Config(_File, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Everything a run is told."""

    venues: tuple[VenueConfig, ...] = ()

    def guard_rules(self) -> GuardRules:
        """What quotes are guarded for: releases, and what no calendar announces."""
        return replace(self.guard.rules(), news=self.policy.rules())


def load_config(path: Path | None, environ: Mapping[str, str]) -> Config:
    """Read the file, lay the environment over it and check all of it.

    Args:
        path: The file; ``None``: defaults and environment only.
        environ: The process's environment.

    Raises:
        ConfigError: The file cannot be read, or keys or values in it are wrong. All are named at once, each with its
            line, unknown keys with the nearest known one.
    """
    where = str(path) if path is not None else "defaults"
    table = _read_toml(path) if path is not None else {}
    _overlay(table, environ)
    venues = table.pop("venues", [])
    found = list(problems(table, _File, also_known=("venues",)))
    read = _read_venues(venues, found)
    if found:
        raise ConfigError(where, "\n  ".join(_with_lines(found, path, environ)))
    file = msgspec.convert(table, _File)
    for name, count in Counter(consumer.name for consumer in file.consumers).items():
        if count > 1:
            raise ConfigError(where, f"consumers: {name!r} is listed {count} times")
    return Config(**{name: getattr(file, name) for name in _File.__struct_fields__}, venues=read)


def rules_in_force(config: Config) -> dict[str, Any]:
    """The sections that decide what is said and when, as a journal keeps them for replay; and to whom, for history."""
    granted = entitled(config.consumers, config.entitlement)
    return {
        **{name: msgspec.to_builtins(getattr(config, name)) for name in _RULES},
        "consumers": msgspec.to_builtins(granted),
    }


def with_rules(config: Config, rules: Mapping[str, Any]) -> Config:
    """``config`` with the rules of a recorded run; what is not known any more, or not yet, is as ``config`` has it.

    Raises:
        ConfigError: A value of a rule that is known cannot be one.
    """
    changed: dict[str, Any] = {}
    for name in _RULES:
        section: msgspec.Struct = getattr(config, name)
        known = {key: value for key, value in rules.get(name, {}).items() if key in section.__struct_fields__}
        try:
            changed[name] = msgspec.convert({**msgspec.to_builtins(section), **known}, type(section))
        except msgspec.ValidationError as error:
            raise ConfigError(name, str(error)) from error
    if rules and "movers" not in rules:  # of a run in which nobody looked at them
        changed["movers"] = MoversConfig(enabled=False)
    return msgspec.structs.replace(config, **changed)


def find_file(name: str) -> Path:
    """A configured file: as named, or where it is missing and shipped with signald, the shipped one.

    Raises:
        ConfigError: Neither is there.
    """
    given = Path(name)
    if given.is_file():
        return given
    if given.parts[:1] == ("configs",):
        package = Path(__file__).parent
        for shipped in (package / given, package.parent / given):
            if shipped.is_file():
                return shipped
    raise ConfigError(name, "no such file")


def _read_venues(tables: object, found: list[str]) -> tuple[VenueConfig, ...]:
    """Read what can be read; say of the rest what is wrong with it."""
    if not isinstance(tables, list):
        found.append("venues: write each venue as a [[venues]] table")
        return ()
    read: list[VenueConfig] = []
    for index, table in enumerate(cast("list[object]", tables)):
        where = f"venues[{index}]"
        if wrong := venue_problems(table, where=where):
            found += wrong
            continue
        try:
            read.append(read_venue_config(table, where=where))
        except ConfigError as error:
            found.append(str(error))
    return tuple(read)


def _with_lines(found: Sequence[str], path: Path | None, environ: Mapping[str, str]) -> Iterator[str]:
    """Each problem with the line of its key, unless the environment said it."""
    lines = {} if path is None else key_lines(path.read_text(encoding="utf-8"))
    for problem in found:
        key = re.split(r"[: ]", problem, maxsplit=1)[0]
        variable = ENV_PREFIX + "__".join(re.findall(r"\w+", key)).upper()
        line = (
            None
            if variable in environ or f"{variable}_FILE" in environ
            else lines.get(key, lines.get(key.rpartition(".")[0]))
        )
        yield problem if line is None else f"{problem} (line {line})"


def _read_toml(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise ConfigError(str(path), "no such file") from error
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError, RecursionError) as error:
        raise ConfigError(str(path), str(error)) from error


def _overlay(table: dict[str, Any], environ: Mapping[str, str]) -> None:
    """Write each ``SIGNALD_SECTION__KEY`` (or the content of the file named by ``…_FILE``) into ``table``."""
    for name in sorted(environ):
        if not name.startswith(ENV_PREFIX) or "__" not in name:
            continue
        *outer, key = name.removeprefix(ENV_PREFIX).lower().split("__")
        value = environ[name]
        struct = _section_type(outer)
        if struct is not None and key.endswith("_file") and key not in struct.__struct_fields__:
            key, value = key.removesuffix("_file"), _secret(name, value)
        _place(table, [*outer, key], _typed(struct, key, value), name=name)


def _section_type(path: Sequence[str]) -> type[msgspec.Struct] | None:
    """The struct of a top-level section; ``None`` for anything deeper or unknown."""
    if len(path) != 1:
        return None
    for found in msgspec.structs.fields(_File):
        if found.name == path[0] and isinstance(found.type, type) and issubclass(found.type, msgspec.Struct):
            return found.type
    return None


def _typed(struct: type[msgspec.Struct] | None, key: str, value: str) -> object:
    """``value`` as the key's own type where it is known, else as TOML would read it, else as text."""
    if struct is not None:
        for found in msgspec.structs.fields(struct):
            if found.name == key and value[:1] not in {"[", "{"}:
                try:
                    return msgspec.convert(value, found.type, strict=False)
                except msgspec.ValidationError:
                    return value
        if value[:1] not in {"[", "{"}:
            return value
    try:
        return tomllib.loads(f"value = {value}")["value"]
    except tomllib.TOMLDecodeError:
        return value


def _secret(name: str, path: str) -> str:
    try:
        return Path(path).read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(name, f"cannot read {path}: {error}") from error


def _place(table: dict[str, Any], path: Sequence[str], value: object, *, name: str) -> None:
    node: Any = table
    for depth, part in enumerate(path):
        last = depth == len(path) - 1
        try:
            if isinstance(node, dict):
                inner = cast("dict[str, Any]", node)
                node = inner.__setitem__(part, value) if last else inner.setdefault(part, {})
            else:
                items = cast("list[Any]", node)
                node = items.__setitem__(int(part), value) if last else items[int(part)]
        except (IndexError, TypeError, ValueError, AttributeError) as error:
            raise ConfigError(name, f"there is no {'.'.join(path)} to override") from error
