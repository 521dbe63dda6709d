"""The settings of the delivery process, read once from the environment (`HJEMMEPULS_DELIVER_…`)."""

from ipaddress import ip_address
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, SecretStr, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

DestinationKind = Literal["fhir", "folder", "endpoint"]
DocumentFormat = Literal["kih", "phmr"]


def protected_url(url: str) -> str:
    """Refuse an address at which somebody on the way could read along, or that names a password.

    >>> protected_url("https://fhir.example/r4/")
    'https://fhir.example/r4'
    >>> protected_url("http://127.0.0.1:8080/fhir")
    'http://127.0.0.1:8080/fhir'
    """
    from httpx import URL, InvalidURL  # noqa: PLC0415  the settings are read by every command

    if not url:
        return url
    try:
        parsed = URL(url)
    except InvalidURL as error:
        raise ValueError("url cannot be read as an address") from error
    if parsed.userinfo or parsed.query or parsed.fragment:
        raise ValueError("url must hold no user, password, query or fragment")
    if parsed.scheme != "https" and not (parsed.scheme == "http" and _is_loopback(parsed.host)):
        raise ValueError("url must be https, or http on a loopback address")
    if not parsed.host:
        raise ValueError("url must name a host")
    return url.rstrip("/")


def _is_loopback(host: str) -> bool:
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False


class DeliverSettings(BaseSettings):
    """Where records are sent, in what form, and how far it has come."""

    model_config = SettingsConfigDict(
        env_prefix="HJEMMEPULS_DELIVER_",
        frozen=True,
        extra="ignore",
        hide_input_in_errors=True,
        populate_by_name=True,
    )

    store_path: Path = Field(
        default=Path("var/records.db"),
        validation_alias="HJEMMEPULS_STORE_PATH",
        description="SQLite file that holds the records (read)",
    )
    state_path: Path = Field(
        default=Path("var/deliveries.db"),
        description="SQLite file that remembers what was delivered; one per destination",
    )
    destination: DestinationKind = Field(
        default="folder", description="where to: fhir (an R4 server), folder, or endpoint (HTTP)"
    )
    url: Annotated[str, AfterValidator(protected_url)] = Field(
        default="", description="base of the FHIR server, or the endpoint; https, or on loopback"
    )
    folder: Path = Field(default=Path("var/outbox"), description="folder of the documents")
    format: DocumentFormat = Field(
        default="phmr", description="documents of folder and endpoint: phmr or kih"
    )
    token: SecretStr = Field(
        default=SecretStr(""), description="bearer token to send along; empty for none"
    )
    ca_file: Path | None = Field(
        default=None, description="PEM file of the authorities to trust instead of the public ones"
    )
    batch_records: Annotated[int, Field(ge=1, le=1000)] = Field(
        default=100, description="how many records to send at once"
    )
    timeout_s: Annotated[float, Field(gt=0, le=600)] = Field(
        default=30.0, description="how long one request may take, in seconds"
    )
    settle_s: Annotated[float, Field(ge=0, le=86_400)] = Field(
        default=600.0,
        description="a FHIR request without an answer may take effect so much later, in seconds",
    )
    poll_ms: Annotated[int, Field(ge=10, le=60_000)] = Field(
        default=500, description="how often to look for new records"
    )
    first_seq: Annotated[int, Field(ge=0)] = Field(
        default=0, description="a new state file begins after this arrival number; 0 for all"
    )

    @model_validator(mode="after")
    def _has_an_address(self) -> Self:
        if self.destination != "folder" and not self.url:
            raise ValueError(f"destination {self.destination} needs a url")
        return self

    @property
    def target(self) -> str:
        """Where a state file belongs to: the destination without anything secret."""
        if self.destination == "fhir":
            return f"fhir {self.url}"
        place = self.url if self.destination == "endpoint" else str(self.folder.absolute())
        return f"{self.destination} {self.format} {place}"
