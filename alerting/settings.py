"""The settings of the alerting process, read once from the environment (`HJEMMEPULS_…`)."""

from pathlib import Path
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field

from alerting.liveness import Bounds
from ingest.settings import BrokerSettings, LoopbackHost, Port, ZoneSettings


class AlertingSettings(BrokerSettings, ZoneSettings):
    """Which stores to read and write, where to listen, which clock decides, and whom to ask."""

    store_path: Path = Field(
        default=Path("var/records.db"),
        description="SQLite file that holds the records (read; written by what comes as FHIR)",
    )
    alert_store_path: Path = Field(
        default=Path("var/alerts.db"), description="SQLite file that holds the alerts (written)"
    )
    http_host: LoopbackHost = Field(
        default="127.0.0.1", description="address to listen at; loopback only for now"
    )
    http_port: Port = Field(default=8700, description="port to listen at; 0 picks a free one")
    clock: Literal["wall", "data"] = Field(
        default="wall",
        description="what time it is: the wall clock, or the newest measurement (replays only)",
    )
    notice: Annotated[str, Field(max_length=300)] = Field(
        default="", description="a line above every page, such as that it shows a replay"
    )
    notice_en: Annotated[str, Field(max_length=300)] = Field(
        default="", description="the same in English; empty: as it stands"
    )
    poll_ms: Annotated[int, Field(ge=10, le=60_000)] = Field(
        default=250, description="how often to look for new records"
    )
    clock_tick_s: Annotated[float, Field(gt=0, le=3600)] = Field(
        default=10.0, description="how often to look for what is missing"
    )
    fhir_writing: bool = Field(
        default=True,
        description="take FHIR over HTTP: create, Bundles, `$submit-measurement`; else it is read "
        "only",
    )
    fhir_export: bool = Field(
        default=True, description="write bulk exports (`$export`) for who asks for them"
    )
    export_folder: Annotated[Path | None, BeforeValidator(lambda said: said or None)] = Field(
        default=None,
        description="folder of the bulk exports, which hold personal data and are deleted after a "
        "day; without it `exports` beside the alert store",
    )
    heartbeat_limit_s: Annotated[float, Field(gt=0, le=3600)] = Field(
        default=Bounds().heartbeat_s,
        description="not ready when ingest has given no sign of life for longer",
    )
    unjudged_limit_s: Annotated[float, Field(gt=0, le=86_400)] = Field(
        default=Bounds().unjudged_s,
        description="not ready when a record waits longer for the rules, or no alert could be "
        "written for longer",
    )
    silence_minutes: Annotated[float, Field(ge=0, le=10_080)] = Field(
        default=Bounds().silence_min,
        description="not ready when nothing arrived for so long though plans say that most should "
        "have measured; 0: never",
    )
    disk_free_mb: Annotated[float, Field(ge=0)] = Field(
        default=Bounds().disk_free_mb,
        description="not ready with less free space (MiB) where the stores are",
    )
    ask_tenant: Annotated[str, Field(pattern=r"^[^+#/\s]{0,64}$")] = Field(
        default="",
        description="ask citizens to measure daily while there is evidence, in the topics of this "
        "tenant; empty: nobody is asked",
    )

    def exports(self) -> Path | None:
        """The folder of the bulk exports; None where they are switched off."""
        if not self.fhir_export:
            return None
        return self.export_folder or self.alert_store_path.parent / "exports"

    def notices(self) -> dict[str, str]:
        """The line above every page, by language."""
        return {"da": self.notice, "en": self.notice_en or self.notice}

    def bounds(self) -> Bounds:
        """How much is borne before the process calls itself not ready."""
        return Bounds(
            self.heartbeat_limit_s, self.unjudged_limit_s, self.silence_minutes, self.disk_free_mb
        )
