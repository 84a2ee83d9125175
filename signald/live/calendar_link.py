"""The connection to the broker: what comes goes through the intake, and schedules are remembered."""

from signald.live.intake import Intake
from signald.live.limits import Limits
from signald.live.recall import Recall
from signald.live.seals import Seals
from signald.model.limits import limited
from signald.model.records import RecordKind
from signald.pipeline import CALENDAR, RETAINED, heard_topic, is_refused, sealed
from signald.runtime.clock import Clock
from signald.sources.calendars.mqtt.source import TOPICS
from signald.transports.mqtt import MqttConnection, MqttMessage, Subscription
from signald.transports.settings import MqttConfig, SignaturesConfig


def build_calendar_link(
    config: MqttConfig, signatures: SignaturesConfig, limits: Limits, intake: Intake, recall: Recall, *, clock: Clock
) -> MqttConnection:
    """A connection that is not open yet; raises ``ConfigError`` if a file or a key that it needs cannot be used."""
    prefix = f"{config.prefix}/"
    seals = Seals(signatures, prefix=config.prefix)
    is_open = seals.is_idle

    def take(message: MqttMessage) -> None:
        topic = key = heard_topic(message.topic, prefix)
        seal = None if is_open else seals.judge(topic, message.payload, message.user_properties, clock.now())
        if seal is not None:
            key = sealed(seal, topic)
        refused = limits.judge(topic, len(message.payload), is_forged=is_refused(key), now=clock.monotonic())
        if refused is not None:
            if refused.limit is not None:
                intake.take(RecordKind.MESSAGE, channel=CALENDAR, key=limited(refused.limit, topic))
            return
        if message.retained:
            key = RETAINED + key
        step = intake.take(RecordKind.MESSAGE, channel=CALENDAR, key=key, payload=message.payload)
        if not is_refused(key):
            recall.heard(key, message.payload, step.events)

    def come() -> None:
        intake.take(RecordKind.CONNECTED, channel=CALENDAR)

    def go(why: str) -> None:
        intake.take(RecordKind.DISCONNECTED, channel=CALENDAR, payload=why.encode())

    return MqttConnection(
        config,
        subscriptions=[Subscription(prefix + topic) for topic in TOPICS],
        on_message=take,
        on_connected=come,
        on_disconnected=go,
    )
