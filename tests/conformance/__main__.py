"""Validates what we render, and prints what was found: `python -m tests.conformance`.

Exits with 1 on an error, on a warning without an explanation or an explanation without a warning,
and where a validator overlooks a planted error. A validator that is not installed is named and
skipped.
"""

import sys

from rich.console import Console
from rich.table import Table

from tests.conformance.samples import profiles
from tests.conformance.validators import VALIDATORS, Message
from tests.conformance.verdict import Verdict, verdict


def results(found: Verdict) -> Table:
    """One row per sample: errors and warnings of each validator that read it."""
    table = Table("sample", "claims", title="errors / warnings")
    ran = [validator for validator in VALIDATORS if validator.name in found.said]
    for validator in ran:
        table.add_column(f"{validator.name} {validator.version}", justify="right")
    for file, content in found.samples.items():
        cells = []
        for validator in ran:
            said = [message for message in found.said[validator.name] if message.file == file]
            errors = sum(message.severity in {"fatal", "error"} for message in said)
            warnings = sum(message.severity == "warning" for message in said)
            cells.append(f"{errors} / {warnings}" if file.endswith(validator.suffix) else "")
        claims = profiles(content) if file.endswith(".json") else []
        table.add_row(file, " ".join(claims), *cells)
    return table


def reasons(found: Verdict) -> Table:
    """One row per explanation: whose warnings it explains, and how many."""
    table = Table("warnings of", "count", "why they stand", title="warnings")
    for (name, why), count in sorted(found.warnings.items()):
        table.add_row(name, str(count), why)
    return table


def by_text(messages: list[tuple[str, Message]]) -> dict[tuple[str, str], list[str]]:
    """The files in which each validator said the same."""
    files: dict[tuple[str, str], list[str]] = {}
    for name, message in messages:
        files.setdefault((name, message.text), []).append(message.file)
    return files


def main() -> int:
    """Runs everything; the exit status."""
    console = Console()
    found = verdict()
    console.print(results(found))
    if found.warnings:
        console.print(reasons(found))
    for name, missing in found.unavailable.items():
        console.print(f"not run: {name}: {missing}", style="yellow")
    for heading, messages in (("error", found.errors), ("unexplained warning", found.unexplained)):
        for (name, text), files in by_text(messages).items():
            console.print(f"{heading}: {name}: {text}", style="red", markup=False)
            console.print(
                f"    {len(files)} times: {', '.join(dict.fromkeys(files))}", markup=False
            )
    for name, file in found.overlooked:
        console.print(f"overlooked by {name}: {file}", style="red")
    for row in found.idle:
        console.print(f"explains nothing: {row.validator}: {row.why}", style="red")
    return 0 if found.is_clean else 1


if __name__ == "__main__":
    sys.exit(main())
