"""What each transport can be told: the sections of the configuration, without the libraries that act on them."""

from typing import Annotated, Literal, TypeAlias

import msgspec

Port = Annotated[int, msgspec.Meta(ge=1, le=65_535)]
Count = Annotated[int, msgspec.Meta(ge=1)]
TlsVersion: TypeAlias = Literal["1.2", "1.3"]
Positive = Annotated[float, msgspec.Meta(gt=0)]


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
    """

    host: str = "127.0.0.1"
    port: Port = 1883
    protocol: Annotated[int, msgspec.Meta(ge=4, le=5)] = 5
    client_id: str = "signald"
    session_expiry_s: Annotated[int, msgspec.Meta(ge=0)] = 86_400
    keepalive_s: Annotated[int, msgspec.Meta(ge=1, le=65_535)] = 5
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
        connect_timeout_s: Longest time to connect and log in.
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
