"""What each transport can be told: the sections of the configuration, without the libraries that act on them."""

from importlib.util import find_spec
from typing import Annotated, Literal, TypeAlias

import msgspec

from signald.errors import ConfigError

Port = Annotated[int, msgspec.Meta(ge=1, le=65_535)]
Count = Annotated[int, msgspec.Meta(ge=1)]
TlsVersion: TypeAlias = Literal["1.2", "1.3"]
Positive = Annotated[float, msgspec.Meta(gt=0)]
Transport: TypeAlias = Literal["websockets", "picows"]
"""Which library carries websockets' frames; ``picows`` is an extra."""


def require_transport(transport: Transport) -> None:
    """Raise ``ConfigError`` if a library is not installed."""
    if find_spec(transport) is None:
        where, problem = "live.transport", f"{transport} is not installed: it comes with signald[{transport}]"
        raise ConfigError(where, problem)


Family: TypeAlias = Literal["schedule", "release", "policy", "expectations", "control"]
"""Messages that may be signed."""
Unsigned: TypeAlias = Literal["accept", "flag", "refuse"]
"""What is done with a message of a source that did not sign it, or signed it with a key that we do not know."""


class TrustedKey(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A key whose signatures are believed.

    Attributes:
        id: Its name in messages.
        source: Whose it is: the source of schedules, figures, policy events and expectations, the ``by`` of commands.
        public_key: Its 32 bytes in base64.
        families: What it may sign; commands only where they are named.
        not_before: From when on it is in force, RFC 3339; ``""``: from ever.
        not_after: Until when; ``""``: for ever.
    """

    id: Annotated[str, msgspec.Meta(min_length=1, max_length=64)]
    source: Annotated[str, msgspec.Meta(min_length=1, max_length=64)]
    public_key: str
    families: tuple[Family, ...] = ("schedule", "release", "policy", "expectations")
    not_before: str = ""
    not_after: str = ""


class SignaturesConfig(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The ``[signatures]`` table: whose word counts only if it is signed.

    Attributes:
        unsigned: What is done with unsigned messages.
        sources: The same for some sources, by name.
        window_s: How far a signed message may be from the time it says it is of; schedules may be older.
        control_window_s: The same for commands.
        keys: Whose signatures are believed; several of one source overlap while they are rotated.
    """

    unsigned: Unsigned = "accept"
    sources: dict[str, Unsigned] = {}
    window_s: Positive = 86_400.0
    control_window_s: Positive = 300.0
    keys: tuple[TrustedKey, ...] = ()


class LimitsConfig(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The ``[limits]`` table: what one source may send of one kind over MQTT; what is beyond it is refused.

    Attributes:
        messages_per_s: Schedules, figures, heartbeats, policy events or references, each counted by itself.
        messages_at_once: So many may come in one burst: what the broker kept comes like that.
        commands_per_s: Commands of one name; a halt that comes by file or signal is none of them.
        commands_at_once: So many may come in one burst.
    """

    messages_per_s: Positive = 1_000.0
    messages_at_once: Count = 10_000
    commands_per_s: Positive = 20.0
    commands_at_once: Count = 200


class ClockConfig(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The ``[clock]`` table.

    Attributes:
        ntp_server: Who is asked how far our clock is off; ``""``: nobody, and it is taken to be right.
        ntp_port: Its port.
        every_s: How often.
    """

    ntp_server: str = ""
    ntp_port: Port = 123
    every_s: Positive = 64.0


class MqttConfig(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The ``[mqtt]`` table.

    Attributes:
        host: Broker's name or address.
        port: Its port.
        protocol: Version: 5, or 4 for MQTT 3.1.1.
        client_id: The session's name at the broker; each replica needs its own, and keeps it over restarts.
        session_expiry_s: How long the broker keeps messages for us while we are away; 0: every connection starts
            afresh. (MQTT 3.1.1 knows only 0 or for ever.) rumqttd, the demo's broker, needs 0: it does not send
            what is retained to a session that is resumed.
        keepalive_s: Longest silence on the connection; twice that and it is taken for dead.
        max_packet_bytes: The longest packet that the broker may send us (MQTT 5; 3.1.1 has no words for it): the
            contract's 64 KiB of payload, with room for topic and signature.
        tls: Whether to speak TLS.
        plain_text: The host, named a second time: what goes to another machine in plain text must be said twice.
        ca_file: Certificates to trust; the system's if not given.
        cert_file: Our certificate.
        key_file: Its key.
        crl_file: The authority's list of revoked certificates; a server that stands in it is not spoken to.
        tls_minimum: The oldest version of TLS that is spoken.
        username: Who we are.
        password_file: File that holds the password.
        prefix: What every topic begins with.
        sign_key_id: What we publish is signed with the key of this name, if one is given.
        sign_key_file: That key.
    """

    host: str = "127.0.0.1"
    port: Port = 1883
    protocol: Annotated[int, msgspec.Meta(ge=4, le=5)] = 5
    client_id: str = "signald"
    session_expiry_s: Annotated[int, msgspec.Meta(ge=0)] = 86_400
    keepalive_s: Annotated[int, msgspec.Meta(ge=1, le=65_535)] = 5
    max_packet_bytes: Annotated[int, msgspec.Meta(ge=66_560, le=268_435_455)] = 69_632
    tls: bool = False
    plain_text: str = ""
    ca_file: str | None = None
    cert_file: str | None = None
    key_file: str | None = None
    crl_file: str | None = None
    tls_minimum: TlsVersion = "1.2"
    username: str | None = None
    password_file: str | None = None
    prefix: str = "signald/v1"
    sign_key_id: str | None = None
    sign_key_file: str | None = None

    @property
    def address(self) -> str:
        """``host:port``, for people."""
        return f"{self.host}:{self.port}"


class RedisConfig(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The ``[redis]`` table.

    Attributes:
        url: ``redis://HOST:PORT/DB``, ``rediss://…`` (TLS), ``unix:///PATH?db=DB``,
            ``redis+sentinel://HOST:PORT,HOST:PORT/SERVICE/DB`` (``rediss+sentinel://``: TLS to the master) or
            ``redis+cluster://HOST:PORT,HOST:PORT`` (``rediss+cluster://``).
        plain_text: The host, or the hosts with commas, named a second time: as for the broker.
        username: Who we are, unless the URL says so.
        password_file: File that holds the password, unless the URL has one.
        ca_file: Certificates to trust; the system's if not given.
        cert_file: Our certificate.
        key_file: Its key.
        crl_file: The authority's list of revoked certificates.
        tls_minimum: The oldest version of TLS that is spoken.
        connect_timeout_s: Longest time to connect, and as much again to log in.
        reply_timeout_s: Longest time to wait for a reply before the connection is taken for dead.
        stream_length: Entries kept in each stream.
        test_length: Entries kept in the stream of test documents.
    """

    url: str = "redis://127.0.0.1:6379/0"
    plain_text: str = ""
    username: str | None = None
    password_file: str | None = None
    ca_file: str | None = None
    cert_file: str | None = None
    key_file: str | None = None
    crl_file: str | None = None
    tls_minimum: TlsVersion = "1.2"
    connect_timeout_s: Positive = 2.0
    reply_timeout_s: Positive = 3.0
    stream_length: Count = 10_000
    test_length: Count = 1_000
