"""The settings of the ingest process, read once from the environment (`HJEMMEPULS_…`)."""

from ipaddress import ip_address
from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, Field
from pydantic_settings import BaseSettings, SettingsConfigDict

from devices.wire import KIND_FHIR, KIND_READING, KIND_RESPONSE
from devices.zone import DENMARK, Zone, Zones
from ingest.limits import BATCH_DELIVERIES_MAX


def loopback_only(host: str) -> str:
    """Refuse any address but loopback: until access control exists, nothing listens elsewhere.

    >>> loopback_only("127.0.0.1")
    '127.0.0.1'
    """
    if host != "localhost" and not ip_address(host).is_loopback:
        message = f"host is {host!r}; only a loopback address is taken while access is not secured"
        raise ValueError(message)
    return host


LoopbackHost = Annotated[str, AfterValidator(loopback_only)]
Port = Annotated[int, Field(ge=0, le=65535)]


def _zone_name(name: str) -> str:
    """Refuse what is no zone of the tz database."""
    return Zone(name).name


ZoneName = Annotated[str, AfterValidator(_zone_name)]


class ZoneSettings(BaseSettings):
    """Where the clocks of devices hang, for every process that takes readings in."""

    model_config = SettingsConfigDict(env_prefix="HJEMMEPULS_", frozen=True, extra="ignore")

    zone: ZoneName = Field(
        default=DENMARK.name, description="zone in which a device's local time is read"
    )
    tenant_zones: dict[str, ZoneName] = Field(
        default={}, description="""the same for some tenants: `{"faroe": "Atlantic/Faroe"}`"""
    )

    def zones(self) -> Zones:
        """The zone of each tenant."""
        return Zones(Zone(self.zone), {key: Zone(name) for key, name in self.tenant_zones.items()})


class BrokerSettings(BaseSettings):
    """Where the broker is, and who a process is to it."""

    model_config = SettingsConfigDict(env_prefix="HJEMMEPULS_", frozen=True, extra="ignore")

    broker_host: str = Field(default="127.0.0.1", description="MQTT broker")
    broker_port: Port = Field(default=1883, description="MQTT broker's port")
    broker_user: str = Field(default="", description="MQTT user name; empty for none")
    broker_password: str = Field(default="", repr=False, description="MQTT password")


class IngestSettings(BrokerSettings, ZoneSettings):
    """Where the broker and the store are, and how batches are formed."""

    client_id: str = Field(
        default="hjemmepuls-ingest", description="MQTT client id: the name of the session"
    )
    tenant: str = Field(default="+", description="tenant to subscribe to; + for all")
    parts: str = Field(default="+", description="parts to subscribe to, 00,07,…; + for all")
    watch_user: str = Field(
        default="",
        description="MQTT user that hears what nobody takes, of one process; empty: not watched",
    )
    watch_password: str = Field(default="", repr=False, description="MQTT password of that user")
    store_path: Path = Field(
        default=Path("var/records.db"), description="SQLite file that holds the records"
    )
    batch_deliveries: Annotated[int, Field(ge=1, le=BATCH_DELIVERIES_MAX)] = Field(
        default=BATCH_DELIVERIES_MAX, description="commit at the latest after this many deliveries"
    )
    flush_ms: Annotated[int, Field(ge=1, le=10_000)] = Field(
        default=50, description="commit at the latest after this many milliseconds"
    )
    receipts: bool = Field(default=True, description="answer every reading with a receipt")

    def subscriptions(self) -> list[str]:
        """The topic filters of this process."""
        return [
            f"hm/v1/{self.tenant}/{part}/+/+/{kind}"
            for part in self.parts.split(",")
            for kind in (KIND_READING, KIND_RESPONSE, KIND_FHIR)
        ]
