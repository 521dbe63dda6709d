"""The enrolment file: which synthetic citizen has which device, plan and personal limits.

In: the homes of a world. Out: a dict of JSON types, read by ingest (`fhir_mapping.enrolled`).
Names and CPR-shaped numbers leave the simulator here and nowhere else.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import NamedTuple

from devices.simulated.home import ZONE, Calendar, Device, Home


class Organisation(NamedTuple):
    """A responsible unit; the SOR number is of no real series (real ones have fewer nines)."""

    id: str
    sor: str
    name: str


ORGANISATIONS = (
    Organisation("org-odense", "9999999000000001", "Odense Kommune (syntetisk)"),
    Organisation("org-svendborg", "9999999000000002", "Svendborg Kommune (syntetisk)"),
    Organisation("org-aabenraa", "9999999000000003", "Aabenraa Kommune (syntetisk)"),
)

_SIGNALS = {
    "oximeter": ("spo2", "pulse"),
    "scale": ("weight",),
    "cuff": ("systolic", "diastolic", "pulse"),
    "spirometer": ("fev1",),
}
_DUE = "12:00"
_OXYGEN_LIMITS = ("85", "87")
"""SpO2 red and yellow on oxygen with a target of 88-92 %: clinical.md 4.1, rule R01, scale 2."""


def enrolment_of(homes: Iterable[Home], calendar: Calendar) -> dict[str, object]:
    """The file's content; devices whose assignment was forgotten are listed without one, and a
    device that is lent again is listed once, as what it is where it ends up, and at no gateway,
    since several homes have it in turn."""
    citizens, assignments, limits = [], [], []
    devices: dict[str, tuple[int, dict[str, object]]] = {}
    for home in homes:
        citizens.append(_citizen(home, calendar))
        for device in home.every_device:
            before, row = devices.get(device.id, (-1, {}))
            if device.since_day > before:
                devices[device.id] = device.since_day, _device(home, device)
            if row:
                devices[device.id][1]["gateway"] = ""
            if device.assigned_from_day is not None:
                assignments.append(
                    {
                        "device": device.id,
                        "slot": 1,
                        "citizen": home.patient.person.id,
                        "from": _midnight(calendar, device.assigned_from_day),
                        "to": None
                        if device.until_day is None
                        else _midnight(calendar, device.until_day),
                    }
                )
        if home.patient.person.oxygen_l_min is not None:
            limits.append(
                {
                    "citizen": home.patient.person.id,
                    "metric": "spo2",
                    "low_red": _OXYGEN_LIMITS[0],
                    "low_yellow": _OXYGEN_LIMITS[1],
                    "high_yellow": None,
                    "high_red": None,
                    "from": _midnight(calendar, 0),
                }
            )
    return {
        "organisations": [row._asdict() for row in ORGANISATIONS],
        "citizens": citizens,
        "devices": [row for _, row in devices.values()],
        "assignments": assignments,
        "limits": limits,
    }


def _citizen(home: Home, calendar: Calendar) -> dict[str, object]:
    person = home.patient.person
    signals = [name for device in home.devices for name in _SIGNALS[device.instrument.name]]
    return {
        "id": person.id,
        "cpr": person.cpr,
        "given": person.given,
        "family": person.family,
        "sex": person.sex,
        "birth_date": person.birth_date.isoformat(),
        "condition": person.condition,
        "organisation": person.organisation,
        "phone": person.phone,
        "scale2": person.scale2,
        "oxygen": person.oxygen_l_min is not None,
        "beta_blocker": person.beta_blocker,
        "dry_weight_kg": home.patient.dry_weight_kg,
        "plan": {
            "weekdays": home.weekdays,
            "due": _DUE,
            "start": calendar.start.isoformat(),
            "signals": list(dict.fromkeys(signals)),
        },
    }


def _device(home: Home, device: Device) -> dict[str, object]:
    return {
        "id": device.id,
        "type": device.instrument.type,
        "manufacturer": device.instrument.manufacturer,
        "model": device.instrument.model,
        "serial": device.serial,
        "gateway": home.gateway,
    }


def _midnight(calendar: Calendar, day: int) -> str:
    """Local midnight before this day of the world, ISO with the offset then in force."""
    local = datetime.combine(calendar.start + timedelta(days=day), datetime.min.time(), ZONE)
    return local.isoformat()
