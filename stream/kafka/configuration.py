"""Settings as librdkafka's configuration."""

from __future__ import annotations

from typing import Any

from stream.settings import SecurityProtocol, Settings

SASL = (SecurityProtocol.SASL_PLAINTEXT, SecurityProtocol.SASL_SSL)
TLS = (SecurityProtocol.SSL, SecurityProtocol.SASL_SSL)


def client_configuration(settings: Settings) -> dict[str, Any]:
    """What every librdkafka client needs: brokers and security."""
    configuration: dict[str, Any] = {
        "bootstrap.servers": settings.kafka_bootstrap_servers,
        "security.protocol": settings.kafka_security_protocol.value,
        "client.id": "codiflux",
        "log_level": 3,
        # A broker that comes back is found again in two seconds, not ten.
        "reconnect.backoff.max.ms": 2_000,
    }
    if settings.kafka_security_protocol in SASL:
        configuration |= {
            "sasl.mechanism": settings.kafka_sasl_mechanism,
            "sasl.username": settings.kafka_sasl_username,
            "sasl.password": settings.kafka_sasl_password.get_secret_value(),
        }
    if settings.kafka_security_protocol in TLS:
        files = {
            "ssl.ca.location": settings.kafka_ssl_ca_file,
            "ssl.certificate.location": settings.kafka_ssl_certificate_file,
            "ssl.key.location": settings.kafka_ssl_key_file,
        }
        configuration |= {name: str(path) for name, path in files.items() if path is not None}
    return configuration


def consumer_configuration(settings: Settings) -> dict[str, Any]:
    """A consumer that commits nothing by itself and says where a partition ends."""
    return client_configuration(settings) | {
        "enable.auto.commit": False,
        "enable.auto.offset.store": False,
        "enable.partition.eof": True,
        # A second by default: too long for a queue that is full after a moment and empty after another.
        "fetch.queue.backoff.ms": 20,
    }


def producer_configuration(settings: Settings) -> dict[str, Any]:
    """A producer that keeps order, writes once and partitions like Java clients (murmur2).

    No lingering: while a request is on its way the next batch gathers by itself, and one filing
    alone does not wait.
    """
    return client_configuration(settings) | {
        "acks": "all",
        "enable.idempotence": True,
        "partitioner": "murmur2_random",
        "linger.ms": 0,
        "compression.type": settings.kafka_compression,
        "delivery.timeout.ms": int(settings.delivery_timeout_seconds * 1000),
        "queue.buffering.max.messages": 200_000,
        "message.max.bytes": 2_000_000,
    }
