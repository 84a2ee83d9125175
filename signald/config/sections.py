"""The sections of the configuration that no part of signald owns."""

from typing import Annotated, TypeAlias

import msgspec

from signald.core.guard.rules import GuardRules
from signald.core.news import NewsRules
from signald.core.release_window import WindowRules
from signald.model.control import Blackout
from signald.model.time import NS_PER_S
from signald.sources.calendars.files.config import CsvFeedConfig
from signald.sources.calendars.forexfactory import ForexFactoryConfig
from signald.sources.calendars.ics import IcsConfig
from signald.sources.calendars.tradingeconomics import TradingEconomicsConfig
from signald.transports.settings import (
    Port,
    Positive,
    RedisConfig,
    Transport,
)

Quorum: TypeAlias = Annotated[int, msgspec.Meta(ge=1, le=9)]


Cpu = Annotated[int, msgspec.Meta(ge=0)]


Share = Annotated[float, msgspec.Meta(gt=0, le=1)]


class LiveConfig(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How the daemon runs.

    ``rehearse_every_s``: how often a test release walks the whole path, 0 for never. ``busy_poll_s``: so long before
    and after each release the loop does not sleep. ``feed_workers``: processes among which the venues are shared.
    ``transport``: what carries the venues' frames; ``picows`` is an extra.
    ``feed_nice``: how far what keeps books stands back behind what handles releases.
    ``turn_us``: so short are the turns of what handles releases, so that it wakes up before others' end; 0: as usual.
    ``cpus`` and ``feed_cpus``: processors to which what handles releases, and what keeps books, are bound; none: any.
    ``realtime_priority``: of SCHED_FIFO for what handles releases, 0 for none. ``lock_memory``: its pages stay.
    ``clock_file`` is the demo's: eight bytes that shift the wall clock.
    """

    startup_timeout_s: Positive = 10.0
    rehearse_every_s: Annotated[float, msgspec.Meta(ge=0)] = 60.0
    busy_poll_s: Annotated[float, msgspec.Meta(ge=0)] = 0.0
    feed_workers: Annotated[int, msgspec.Meta(ge=1, le=32)] = 1
    turn_us: Annotated[int, msgspec.Meta(ge=0, le=100_000)] = 0
    feed_nice: Annotated[int, msgspec.Meta(ge=0, le=19)] = 0
    cpus: tuple[Cpu, ...] = ()
    feed_cpus: tuple[Cpu, ...] = ()
    realtime_priority: Annotated[int, msgspec.Meta(ge=0, le=99)] = 0
    lock_memory: bool = False
    transport: Transport = "websockets"
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


class BoardConfig(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Books that are kept on other hosts, by ``signald feed HOST`` there.

    Attributes:
        hosts: What each is called here and there, and the venues whose books it keeps.
        url: Of the Redis over which their rows come; ``""``: that of ``[redis]``, whose other keys hold for both.
        late_after_ms: Rows whose way took longer are flagged as stale.
        silent_after_ms: So are all rows of a host that has sent nothing for so long.
    """

    hosts: dict[str, tuple[str, ...]] = {}
    url: str = ""
    late_after_ms: Positive = 250.0
    silent_after_ms: Annotated[float, msgspec.Meta(ge=200)] = 1_000.0

    def redis(self, redis: RedisConfig) -> RedisConfig:
        """The connection on which rows go."""
        return msgspec.structs.replace(redis, url=self.url) if self.url else redis


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
    """Where everything is recorded; ``sync_interval_ms`` is how far the disk may be behind.

    What is older than ``keep_days``, or the eldest beyond ``keep_gb``, goes; 0: nothing does.
    """

    path: str = "var/journal"
    segment_mb: Annotated[int, msgspec.Meta(ge=1, le=2_048)] = 32
    sync_interval_ms: Annotated[int, msgspec.Meta(ge=1, le=1_000)] = 5
    keep_days: Annotated[int, msgspec.Meta(ge=0, le=36_500)] = 0
    keep_gb: Annotated[float, msgspec.Meta(ge=0, le=1e6)] = 0.0


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
