"""One MQTT connection that hands each message over by direct call, so that its acknowledgement follows the journal."""

from signald.transports.mqtt.connection import MqttConnection
from signald.transports.mqtt.visit import visit
from signald.transports.mqtt.wire import MqttMessage, Subscription

__all__ = ["MqttConnection", "MqttMessage", "Subscription", "visit"]
