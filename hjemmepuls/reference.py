"""The parts of the documents that follow from the code: written from it, and checked by a test.

In: catalogue, rulebook, settings, reasons, routes. Out: Markdown tables, put between markers
(`<!-- name -->` … `<!-- /name -->`) of the documents that hold them. Called by
`hjemmepuls reference` and by the tests.
"""

import re
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from alerting.api.app import create_app
from alerting.backtest.published import STUDIES, TRIALS
from alerting.backtest.rules_of_thumb import RULES_OF_THUMB
from alerting.lifecycle import TABLE as LIFECYCLE_TABLE
from alerting.rules import SIGNALS, Rule
from alerting.settings import AlertingSettings
from alerting.situation import COLOURS
from alerting.web.texts import say
from alerting.web.words import meaning
from devices.catalogue import DEVICE_TYPES, METRICS
from devices.device_types import TABLET
from devices.simulated.cohort.numbers import ITEM_ROWS, NUMBERS, SIGNAL_ROWS
from devices.symptoms import QUESTIONNAIRES
from hjemmepuls.rulebooks import rulebook_of
from ingest.deliver import DeliverSettings
from ingest.rejection import MEANINGS
from ingest.settings import IngestSettings

_NOTHING: Any = None
"""Routes are listed without a monitor."""
DOCUMENTS = ("docs/REFERENCE.md", "docs/SCORECARD.md", "docs/SIMULATOR.md", "SAFETY.md")


def table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    """A Markdown table; bars inside cells are escaped."""
    lines = [head, tuple("---" for _ in head), *rows]
    return "\n".join(
        "| " + " | ".join(cell.replace("|", "\\|").replace("\n", " ") for cell in line) + " |"
        for line in lines
    )


def metrics() -> str:
    """Every metric of the catalogue, with its codes, unit and ranges."""
    head = ("alias", "Danish", "MDC", "Danish code", "LOINC", "unit", "plausible", "possible")
    return table(
        head,
        (
            (
                f"`{row.alias}`",
                row.name_da,
                row.mdc or "none exists",
                row.danish.code or "none exists",
                ", ".join(code.code for code in row.loinc) or "none exists",
                f"`{row.ucum}`",
                f"{row.plausible[0]} to {row.plausible[1]}",
                f"{row.possible[0]} to {row.possible[1]}",
            )
            for row in METRICS
        ),
    )


def device_types() -> str:
    """Every device specialisation and what it measures."""
    return table(
        ("MDC", "device", "measures"),
        (
            (
                row.mdc,
                f"{row.name_en} ({row.name_da})",
                ", ".join(
                    [*sorted(row.metrics), *(["answers to questionnaires"] * (row is TABLET))]
                ),
            )
            for row in DEVICE_TYPES
        ),
    )


def questionnaires() -> str:
    """Every question of every questionnaire, in the order of asking."""
    return table(
        ("questionnaire", "symptom", "Danish", "English", "asked", "with yes"),
        (
            (
                f"`{asked.key}`",
                f"`{question.symptom}`",
                question.text_da,
                question.text_en,
                " or ".join(f"{name} {said}" for name, said in question.when) or "always",
                question.urgent_da,
            )
            for asked in QUESTIONNAIRES
            for question in asked.questions
        ),
    )


def reasons() -> str:
    """Every reason for which a delivery or reading is refused."""
    return table(
        ("reason", "receipt", "meaning"),
        ((f"`{reason}`", reason.result, meaning) for reason, meaning in MEANINGS.items()),
    )


def environment_names() -> dict[str, tuple[str, str]]:
    """Every setting of every process: its environment variable, default and description."""
    return {
        str(field.validation_alias or f"{model.model_config['env_prefix']}{name.upper()}"): (
            str(field.default),
            field.description or "",
        )
        for model in (DeliverSettings, IngestSettings, AlertingSettings)
        for name, field in model.model_fields.items()
    }


def settings() -> str:
    """The settings as a table."""
    head = ("environment variable", "default", "what it is")
    rows = sorted(environment_names().items())
    return table(head, ((f"`{name}`", f"`{row[0]}`", row[1]) for name, row in rows))


def routes() -> str:
    """Every HTTP route of the alerting process."""
    paths = create_app(AlertingSettings.model_construct(), _NOTHING).openapi()["paths"]
    return table(
        ("method", "path", "what it does", "answers"),
        (
            (
                method.upper(),
                f"`{path}`",
                str(route.get("summary") or ""),
                ", ".join(sorted(route["responses"])),
            )
            for path, methods in paths.items()
            for method, route in methods.items()
        ),
    )


def rules() -> str:
    """Every rule in short: what raises it, how it ends, how often it needs data."""
    head = (
        "rule", "name", "looks at", "family", "confirmed by", "an alert by itself", "ends after",
        "planned days a week",
    )  # fmt: skip
    return table(
        head,
        (
            (
                f"{row.id} `{row.slug}` v{row.version}",
                f"{row.name_da} ({row.name_en})",
                ", ".join(row.signals) if len(row.signals) < len(SIGNALS) else "every signal",
                row.family,
                f"{row.k} of {row.n} ({_colours(row)})" if row.confirmed else "one reading",
                _speaks(row),
                f"{row.n_off} clear readings" if row.n_off else "the moment it no longer holds",
                f"{row.per_week_min:g}" if row.per_week_min else "any",
            )
            for row in rulebook_of().rules
        ),
    )


def _speaks(row: Rule) -> str:
    """When a rule makes an alert that nothing else supports."""
    if row.home in ("missing", "technical"):
        return "always"
    yellow = {0: "", 1: "yellow"}.get(row.speaks, f"yellow, {row.speaks} of {row.n}")
    red = "red" if row.red_speaks or row.speaks == 1 else ""
    return ", ".join(part for part in (yellow, red) if part) or "a finding"


def thresholds() -> str:
    """Every number of every rule, with its source."""
    return table(
        ("rule", "number", "value", "source"),
        (
            (row.id, name, f"{value:g}", row.sources[name])
            for row in rulebook_of().rules
            for name, value in _numbers(row)
        ),
    )


def _numbers(row: Rule) -> list[tuple[str, float]]:
    own = [("k", row.k), ("n", row.n), ("n_off", row.n_off)]
    return [*row.params.items(), *((name, value) for name, value in own if name in row.sources)]


def _colours(row: Rule) -> str:
    return ", ".join(colour.name.lower() for colour in row.confirmed)


def simulated_signals() -> str:
    """How a stable simulated patient varies, signal by signal."""
    head = ("signal", "AR(1) SD", "phi", "noise SD", "drift", "swing", "peak", "step", "source")
    return table(
        head,
        (
            (
                f"`{name}`",
                *(f"{value:g}" for value in (row.day_sd, row.phi, row.noise_sd, row.walk_sd)),
                f"{row.swing:g}" + (" of level" if row.relative else ""),
                f"{row.peak_hour:g} h",
                f"{row.step:g}",
                row.source,
            )
            for name, row in SIGNAL_ROWS.items()
        ),
    )


def simulated_symptoms() -> str:
    """Which symptoms come how often in a simulated episode."""
    head = ("question", "in COPD", "in heart failure", "background, times", "source")
    return table(
        head,
        (
            (
                f"`{name}`",
                *(f"{value:g}" for value in (row.in_copd, row.in_hf, row.background)),
                row.source,
            )
            for name, row in ITEM_ROWS.items()
        ),
    )


def simulated_numbers() -> str:
    """Every other number of the simulator, with its source."""
    return table(
        ("number", "value", "unit", "source"),
        (
            (f"`{name}`", f"{float(value):.4g}", value.unit, value.source)
            for name, value in NUMBERS.items()
        ),
    )


def studies() -> str:
    """Published detection; an asterisk stands where it was not read in the source."""
    return table(
        ("study", "population", "found"),
        ((_checked(row.name, row.checked), row.population, row.found) for row in STUDIES),
    )


def trials() -> str:
    """Published effects of home monitoring."""
    return table(
        ("trial", "population", "effect"),
        ((_checked(row.name, row.checked), row.population, row.effect) for row in TRIALS),
    )


def _checked(name: str, checked: bool) -> str:
    return name if checked else f"{name} \\*"


def rules_of_thumb() -> str:
    """The simple rules that are scored in the same run."""
    return table(
        ("name", "rule", "for", "source and what others found"),
        ((f"`{row.name}`", row.name_en, row.condition, row.source) for row in RULES_OF_THUMB),
    )


def lifecycle() -> str:
    """What may become of an alert: every row of the table of states."""
    return table(
        ("from", "what happens", "to", "when"),
        (
            (", ".join(row.states), row.event, row.to or "(none)", row.rule)
            for row in LIFECYCLE_TABLE
        ),
    )


def colours() -> str:
    """What each colour means and what is expected of staff, in the words of the page."""
    return table(
        ("colour", "meaning", "what is expected of staff", "på dansk"),
        (
            (
                say("en", colour),
                say("en", f"{colour}-is"),
                meaning("en", colour),
                meaning("da", colour),
            )
            for colour in COLOURS
        ),
    )


BLOCKS: dict[str, Callable[[], str]] = {
    "metrics": metrics,
    "device-types": device_types,
    "questionnaires": questionnaires,
    "reasons": reasons,
    "settings": settings,
    "routes": routes,
    "rules": rules,
    "thresholds": thresholds,
    "simulated-signals": simulated_signals,
    "simulated-symptoms": simulated_symptoms,
    "simulated-numbers": simulated_numbers,
    "lifecycle": lifecycle,
    "colours": colours,
    "rules-of-thumb": rules_of_thumb,
    "studies": studies,
    "trials": trials,
}


def filled(text: str) -> str:
    """A document with every block written anew; KeyError for an unknown block."""

    def block(found: "re.Match[str]") -> str:
        name = found["name"]
        return f"<!-- {name} -->\n{BLOCKS[name]()}\n<!-- /{name} -->"

    return re.sub(
        r"<!-- (?P<name>[a-z-]+) -->\n.*?<!-- /(?P=name) -->", block, text, flags=re.DOTALL
    )


def write(root: Path) -> list[str]:
    """Bring the documents below `root` up to date; the names of those that changed."""
    changed = []
    for name in DOCUMENTS:
        file = root / name
        before = file.read_text(encoding="utf-8")
        after = filled(before)
        if after != before:
            file.write_text(after, encoding="utf-8")
            changed.append(name)
    return changed
