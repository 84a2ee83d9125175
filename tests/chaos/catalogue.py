"""What can go wrong: each fault strikes somewhere in the middle of a case, and is healed a little later."""

import asyncio
import random
from pathlib import Path
from typing import ClassVar, Final, Literal

from signald.model.time import NS_PER_S, Nanos
from signald.runtime.faults import POINTS
from signald.simulate.child import Server
from tests.chaos.daemons import Replica
from tests.chaos.world import World

_HOUR: Final = 3_600 * NS_PER_S
_AWAY: Final = 90 * NS_PER_S
_DIES_WITHIN_S: Final = 1.5
_REFUSED_WITHIN_S: Final = 5.0
_STARTUP_POINTS: Final = ("publisher.connected", "publisher.asked", "recovery.fed", "recovery.begun")
_OFTEN: Final = ("intake.stamped", "intake.appended", "sync.due", "sync.done")


class Fault:
    """One thing that goes wrong.

    Attributes:
        target: What it strikes; no two faults of a case strike the same.
        title: What is said of it in the table.
        forgets: Messages may be lost for good, so that the source must say them again.
        outage: When Redis could not be reached for sure, by the daemons' clock.
        touches_redis: It may make documents late.
        crowds: So much may come due at once that some of it waits its turn, and is late.
        scores: Every bundle is scored completely in spite of it.
        withholds: One of the figures is not said with the others: ``never``, or ``late``, when it has been missed.
    """

    target: ClassVar[str]
    title: str
    forgets = False
    touches_redis = True
    crowds = False
    scores = True
    withholds: Literal["", "never", "late"] = ""

    def __init__(self, world: World, rng: random.Random) -> None:
        self.world = world
        self.rng = rng
        self.title = type(self).__name__
        self.outage: tuple[Nanos, Nanos] | None = None
        self._down: Nanos = 0

    @classmethod
    def fits(cls, world: World) -> bool:
        """Whether it can strike this world."""
        del world
        return True

    async def prepare(self) -> None:
        """Before anything of the case is said."""

    async def strike(self) -> None:
        """In the middle."""

    async def heal(self, said: asyncio.Event) -> None:
        """Once, after the strike; ``said`` is set when all figures were published."""

    async def clear_up(self) -> None:
        """After the case has settled."""

    def goes_down(self) -> None:
        """From now on Redis cannot be reached."""
        self._down = self.world.clock.now()

    def comes_up(self) -> None:
        """In a moment it can be reached again."""
        self.outage = self._down, self.world.clock.now()

    async def pause(self, longest_s: float = 0.8) -> None:
        """Let some time pass: mostly little, sometimes more."""
        await asyncio.sleep(self.rng.random() ** 2 * longest_s)


class Nothing(Fault):
    """The control."""

    target = "nothing"
    touches_redis = False


class DaemonKilled(Fault):
    """SIGKILL of a replica, started again at once or when all is said."""

    target = "replica"

    def __init__(self, world: World, rng: random.Random) -> None:
        super().__init__(world, rng)
        self.replica: Replica = rng.choice(world.replicas)

    async def strike(self) -> None:
        await asyncio.to_thread(self.replica.kill)

    async def heal(self, said: asyncio.Event) -> None:
        if self.rng.random() < 0.5:
            await said.wait()
        await self.pause(0.3)
        await asyncio.to_thread(self.replica.start)


class DaemonAway(DaemonKilled):
    """A replica is gone until ninety seconds after the figures: it must not say that it missed what waits for it."""

    async def heal(self, said: asyncio.Event) -> None:
        await said.wait()
        self.world.shift_clock(_AWAY, source_too=True)
        await asyncio.to_thread(self.replica.start)


class DaemonFrozen(DaemonKilled):
    """SIGSTOP of a replica, SIGCONT later."""

    async def strike(self) -> None:
        self.replica.freeze()

    async def heal(self, said: asyncio.Event) -> None:
        del said
        await self.pause(3.0)
        self.replica.thaw()


class AllKilledInTurn(Fault):
    """SIGKILL of one replica after the other, each as soon as the one before is ready again."""

    target = "replica"

    async def strike(self) -> None:
        pass

    async def heal(self, said: asyncio.Event) -> None:
        del said
        for replica in self.rng.sample(self.world.replicas, k=len(self.world.replicas)):
            await asyncio.to_thread(replica.kill)
            await asyncio.to_thread(replica.start)
            await self.world.until(lambda: replica.is_ready, 30.0)  # noqa: B023 - awaited before it changes


class AllKilledAtOnce(Fault):
    """SIGKILL of every replica at one moment."""

    target = "replica"

    async def strike(self) -> None:
        await asyncio.gather(*(asyncio.to_thread(replica.kill) for replica in self.world.replicas))

    async def heal(self, said: asyncio.Event) -> None:
        del said
        await self.pause()
        for replica in self.world.replicas:
            await asyncio.to_thread(replica.start)


class FaultPoint(Fault):
    """A replica dies, or stops for a while, at a named point of its path."""

    target = "replica"

    def __init__(self, world: World, rng: random.Random, point: str = "") -> None:
        super().__init__(world, rng)
        self.replica = rng.choice(world.replicas)
        self.point = point or rng.choice(POINTS)
        # Some are passed for every message, heartbeats too; others only when something is published.
        count = rng.randint(1, 12) if self.point in _OFTEN else rng.randint(1, 3)
        self.stops = self.point.startswith(("intake", "publisher", "sync")) and rng.random() < 0.25
        if self.point in _STARTUP_POINTS:
            count, self.stops = 1, False
        self.order = f"{self.point}:{count}{':stop' if self.stops else ''}"
        self.title = f"{type(self).__name__} {self.point}{' stop' if self.stops else ''}"

    async def prepare(self) -> None:
        if self.point not in _STARTUP_POINTS:
            await asyncio.to_thread(self.replica.kill)
            await self._start_armed()

    async def strike(self) -> None:
        if self.point in _STARTUP_POINTS:
            await asyncio.to_thread(self.replica.kill)
            await self._start_armed()

    async def heal(self, said: asyncio.Event) -> None:
        await said.wait()
        try:
            await self.world.until(self._is_stopped if self.stops else lambda: self.replica.has_ended, _DIES_WITHIN_S)
        except TimeoutError:
            self.title += " (not reached)"
        else:
            if self.stops:
                await self.pause(2.0)
                self.replica.thaw()
                return
        await asyncio.to_thread(self.replica.kill)
        await asyncio.to_thread(self.replica.start)

    async def _start_armed(self) -> None:
        await asyncio.to_thread(self.replica.start, self.order)
        if self.point not in _STARTUP_POINTS:
            await self.world.until(lambda: self.replica.is_ready or self.replica.has_ended or self._is_stopped(), 30.0)

    def _is_stopped(self) -> bool:
        try:
            stat = Path(f"/proc/{self.replica.pid}/stat").read_text(encoding="utf-8")
        except OSError:  # it is gone
            return False
        return stat.rpartition(")")[2].split()[0] == "T"


class DiskSlow(FaultPoint):
    """A replica's disk takes a quarter of a second for each write, or for each fsync; then it is well again."""

    def __init__(self, world: World, rng: random.Random, point: str = "") -> None:
        super().__init__(world, rng, point or rng.choice(("intake.recorded", "sync.due")))
        self.order = f"{self.point}:1:slow"
        self.title = f"DiskSlow {'fsync' if self.point == 'sync.due' else 'write'}"

    async def heal(self, said: asyncio.Event) -> None:
        await said.wait()


class _ServerFault(Fault):
    """Something happens to a server."""

    def server(self) -> Server:
        """Which."""
        return self.world.broker if self.target == "broker" else self.world.redis


class _Killed(_ServerFault):
    async def strike(self) -> None:
        await asyncio.to_thread(self.server().kill)
        if self.target == "redis":
            self.goes_down()

    async def heal(self, said: asyncio.Event) -> None:
        if self.rng.random() < 0.3 and self.target == "redis":
            await said.wait()
        await self.pause()
        if self.target == "redis":
            self.comes_up()
        await self.world.restart(self.server())


class _Frozen(_ServerFault):
    async def strike(self) -> None:
        self.world.freeze(self.server())

    async def heal(self, said: asyncio.Event) -> None:
        del said
        await self.pause(3.0)
        self.world.thaw(self.server())


class BrokerKilled(_Killed):
    """SIGKILL of the broker, which keeps nothing."""

    target = "broker"
    forgets = True
    touches_redis = False


class BrokerFrozen(_Frozen):
    """SIGSTOP of the broker."""

    target = "broker"
    touches_redis = False


class RedisKilled(_Killed):
    """SIGKILL of Redis, with or without a disk."""

    target = "redis"


class RedisFrozen(_Frozen):
    """SIGSTOP of Redis."""

    target = "redis"


class RedisFull(_ServerFault):
    """Redis answers that it has no memory left."""

    target = "redis"

    async def strike(self) -> None:
        await self.world.desk.configure(maxmemory_policy="noeviction", maxmemory="1")
        self.goes_down()

    async def heal(self, said: asyncio.Event) -> None:
        if self.rng.random() < 0.5:
            await said.wait()
        await self.pause()
        self.comes_up()
        if not await self.world.has_refused_all(_REFUSED_WITHIN_S):
            self.outage = None  # some of it may still be on its way, to be written when Redis is well again
        await self.make_well()

    async def make_well(self) -> None:
        """Let Redis write again."""
        await self.world.desk.configure(maxmemory="0")


class RedisWrongType(RedisFull):
    """Somebody has put a string where a consumer's stream belongs: nothing is written anywhere, or half."""

    async def strike(self) -> None:
        await self.world.desk.spoil_consumer_stream()
        self.goes_down()

    async def make_well(self) -> None:
        await self.world.desk.mend_consumer_stream()


class RedisFailover(_ServerFault):
    """A replica that lags takes Redis' place: what was acknowledged meanwhile is gone, and so is every connection."""

    target = "redis"

    async def strike(self) -> None:
        self._state = await self.world.desk.dump()

    async def heal(self, said: asyncio.Event) -> None:
        if self.rng.random() < 0.5:
            await said.wait()
        await self.pause()
        self.world.redis_lost = True
        await self.world.desk.restore(self._state)


class _Network(Fault):
    """Something happens on the way from one replica to a server."""

    how: ClassVar[str] = ""

    def __init__(self, world: World, rng: random.Random) -> None:
        super().__init__(world, rng)
        number = rng.randrange(len(world.replicas))
        self.touches_redis = self.target == "redis-net"
        self.proxy = (world.redis_proxies if self.touches_redis else world.mqtt_proxies)[number]

    async def strike(self) -> None:
        match self.how:
            case "cut":
                self.proxy.cut()
                if self.touches_redis:
                    self.goes_down()
            case "half-open":
                self.proxy.half_open()
            case "jitter":
                self.proxy.jitter(0.0, self.rng.uniform(0.01, 0.3))
            case "narrow":
                self.proxy.throttle(self.rng.choice([2_000, 10_000, 50_000]))
            case "corrupt" | "duplicate" | "reorder":
                self.proxy.spoil(self.how, self.rng.randrange(1 << 32))
            case _:
                self.proxy.delay(self.rng.uniform(0.001, 0.2))

    async def heal(self, said: asyncio.Event) -> None:
        if self.rng.random() < 0.3 and self.how != "half-open":
            await said.wait()
        await self.pause(6.0 if self.how == "half-open" else 0.8)
        if self.touches_redis and self.how == "cut":
            self.comes_up()
        self.proxy.resume()


class MqttCut(_Network):
    """The way to the broker is cut."""

    target = "mqtt-net"
    how = "cut"


class MqttHalfOpen(_Network):
    """Nothing comes or goes on the way to the broker, and nobody says so."""

    target = "mqtt-net"
    how = "half-open"


class MqttSlow(_Network):
    """Every packet on the way to the broker is held up."""

    target = "mqtt-net"


class RedisCut(_Network):
    """The way to Redis is cut."""

    target = "redis-net"
    how = "cut"


class RedisHalfOpen(_Network):
    """Nothing comes or goes on the way to Redis, and nobody says so."""

    target = "redis-net"
    how = "half-open"


class RedisSlow(_Network):
    """Every packet on the way to Redis is held up."""

    target = "redis-net"


class MqttJitter(_Network):
    """Every packet on the way to the broker takes another while."""

    target = "mqtt-net"
    how = "jitter"


class MqttNarrow(_Network):
    """The way to the broker takes few bytes a second."""

    target = "mqtt-net"
    how = "narrow"


class MqttCorrupt(_Network):
    """Bytes that the broker sends are overwritten: a message that makes no sense is acknowledged and lost."""

    target = "mqtt-net"
    how = "corrupt"
    forgets = True


class MqttDuplicated(_Network):
    """What the broker sends comes twice."""

    target = "mqtt-net"
    how = "duplicate"


class MqttReordered(_Network):
    """What the broker sends comes in another order: a schedule after its figure, or half a packet after the next."""

    target = "mqtt-net"
    how = "reorder"
    forgets = True
    scores = False


class RedisJitter(_Network):
    """Every packet on the way to Redis takes another while."""

    target = "redis-net"
    how = "jitter"


class RedisNarrow(_Network):
    """The way to Redis takes few bytes a second."""

    target = "redis-net"
    how = "narrow"


class RedisCorrupt(_Network):
    """Bytes that Redis sends are overwritten."""

    target = "redis-net"
    how = "corrupt"


class RedisDuplicated(_Network):
    """What Redis sends comes twice."""

    target = "redis-net"
    how = "duplicate"


class RedisReordered(_Network):
    """What Redis sends comes in another order."""

    target = "redis-net"
    how = "reorder"


class MqttCutOverMinute(MqttCut):
    """The way to the broker is cut until the figures are ninety seconds old: they wait there, and were not missed."""

    async def heal(self, said: asyncio.Event) -> None:
        await said.wait()
        self.world.shift_clock(_AWAY, source_too=True)
        await self.pause()
        self.proxy.resume()


class FigureNeverComes(Fault):
    """A figure that was promised does not come: it was missed, which is said once."""

    target = "clock"
    touches_redis = False
    withholds = "never"

    async def heal(self, said: asyncio.Event) -> None:
        await said.wait()
        self.world.shift_clock(_AWAY, source_too=True)


class FigureComesLate(FigureNeverComes):
    """A figure comes after it was missed."""

    withholds = "late"


class BrokerAway(FigureComesLate):
    """The same, and the broker is gone when the minute ends in which the figure was to come."""

    target = "all"
    forgets = True

    async def heal(self, said: asyncio.Event) -> None:
        await said.wait()
        world = self.world
        await asyncio.to_thread(world.broker.kill)
        world.shift_clock(_AWAY, source_too=True)
        await self.pause(3.0)
        await world.restart(world.broker)


class ClockBack(Fault):
    """The daemons' clock is set back by an hour, and after the case set right again."""

    target = "clock"
    touches_redis = False
    scores = False  # their time goes on slowly: what comes soon after its schedule may seem early

    async def strike(self) -> None:
        self.world.shift_clock(-_HOUR, source_too=False)

    async def clear_up(self) -> None:
        self.world.shift_clock(_HOUR, source_too=False)


class ClockForward(Fault):
    """The clock of everybody is set forward by an hour, for good."""

    target = "clock"
    touches_redis = False
    crowds = True  # an hour's steps come due at once, more than may be in flight
    scores = False  # what comes after it is an hour late

    @classmethod
    def fits(cls, world: World) -> bool:
        return not world.is_shifted  # twice would be beyond what a restart reads

    async def strike(self) -> None:
        self.world.is_shifted = True
        self.world.shift_clock(_HOUR, source_too=True)


class DiskFull(Fault):
    """A replica's journal cannot grow for a while; what it says goes out all the same."""

    target = "replica"
    touches_redis = False

    def __init__(self, world: World, rng: random.Random) -> None:
        super().__init__(world, rng)
        self.replica = rng.choice(world.replicas)

    async def strike(self) -> None:
        self.replica.limit_files(self.replica.open_segment().stat().st_size + self.rng.randint(0, 300))

    async def heal(self, said: asyncio.Event) -> None:
        await said.wait()
        await self.pause()
        self.replica.limit_files(None)


class DiskFullAndKilled(DiskFull):
    """The same, and the replica is killed before there is room again: what only its memory had is lost."""

    forgets = True

    async def heal(self, said: asyncio.Event) -> None:
        await said.wait()
        await self.pause(0.2)
        await asyncio.to_thread(self.replica.kill)
        kept = {document for document, _ in self.replica.documents()}
        self.world.excused |= {entry.id for entry in self.world.desk.heard} - kept
        await asyncio.to_thread(self.replica.start)


class JournalTorn(Fault):
    """A replica is killed, and its journal ends in half a record."""

    target = "replica"
    touches_redis = True

    def __init__(self, world: World, rng: random.Random) -> None:
        super().__init__(world, rng)
        self.replica = rng.choice(world.replicas)

    async def strike(self) -> None:
        await asyncio.to_thread(self.replica.kill)
        segment = self.replica.open_segment()
        whole = segment.read_bytes()
        segment.write_bytes(whole + whole[-self.rng.randint(1, 200) :][: self.rng.randint(1, 23)])

    async def heal(self, said: asyncio.Event) -> None:
        del said
        await self.pause(0.3)
        await asyncio.to_thread(self.replica.start)


class PowerCut(JournalTorn):
    """A replica is gone, and with it the last bytes of its journal, acknowledged or not."""

    forgets = True

    async def strike(self) -> None:
        await asyncio.to_thread(self.replica.kill)
        before = {document for document, _ in self.replica.documents()}
        segment = self.replica.open_segment()
        whole = segment.read_bytes()
        segment.write_bytes(whole[: max(64, len(whole) - self.rng.randint(1, 6_000))])
        self.world.excused |= before - {document for document, _ in self.replica.documents()}


class Blackout(Fault):
    """Everything dies at once: replicas, broker, Redis."""

    target = "all"
    forgets = True

    async def strike(self) -> None:
        world = self.world
        victims = [*world.replicas, world.broker, world.redis]
        self.rng.shuffle(victims)
        await asyncio.gather(*(asyncio.to_thread(victim.kill) for victim in victims))

    async def heal(self, said: asyncio.Event) -> None:
        del said
        await self.pause()
        world = self.world
        starts = [world.restart(world.broker), world.restart(world.redis)]
        starts += [asyncio.to_thread(replica.start) for replica in world.replicas]
        self.rng.shuffle(starts)
        await asyncio.gather(*starts)


CATALOGUE: Final[tuple[type[Fault], ...]] = (
    Nothing,
    DaemonKilled,
    DaemonAway,
    DaemonFrozen,
    AllKilledInTurn,
    AllKilledAtOnce,
    FaultPoint,
    BrokerKilled,
    BrokerFrozen,
    RedisKilled,
    RedisFrozen,
    RedisFull,
    RedisWrongType,
    RedisFailover,
    MqttCut,
    MqttCutOverMinute,
    MqttHalfOpen,
    MqttSlow,
    MqttJitter,
    MqttNarrow,
    MqttCorrupt,
    MqttDuplicated,
    MqttReordered,
    RedisCut,
    RedisHalfOpen,
    RedisSlow,
    RedisJitter,
    RedisNarrow,
    RedisCorrupt,
    RedisDuplicated,
    RedisReordered,
    ClockBack,
    ClockForward,
    FigureNeverComes,
    FigureComesLate,
    BrokerAway,
    DiskFull,
    DiskFullAndKilled,
    DiskSlow,
    JournalTorn,
    PowerCut,
    Blackout,
)

WEIGHTS: Final = {FaultPoint: 6, Nothing: 0.5, ClockForward: 0.7}
"""How often each is drawn, compared with the others' 1."""
