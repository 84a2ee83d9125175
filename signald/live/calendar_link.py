"""The connection to the broker: what comes goes through the intake, and schedules are remembered."""

from signald.live.intake import Intake
from signald.live.recall import Recall
from signald.model.records import RecordKind
from signald.pipeline import CALENDAR, RETAINED
from signald.sources.calendars.mqtt.source import TOPICS
from signald.transports.mqtt import MqttConnection, MqttMessage, Subscription
from signald.transports.settings import MqttConfig


def build_calendar_link(config: MqttConfig, intake: Intake, recall: Recall) -> MqttConnection:
    """A connection that is not open yet; raises ``ConfigError`` if a file that it needs cannot be used."""
    prefix = f"{config.prefix}/"

    def take(message: MqttMessage) -> None:
        topic = message.topic.removeprefix(prefix)
        key = RETAINED + topic if message.retained else topic
        recall.heard(key, message.payload)
        intake.take(RecordKind.MESSAGE, channel=CALENDAR, key=key, payload=message.payload)

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
