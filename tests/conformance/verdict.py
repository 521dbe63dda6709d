"""What the validators said, counted, and every warning with the reason why it stands.

In: what `validators` found in the samples of `samples`. Out: a `Verdict`. Called by the command
and by the tests; the reasons are data in `explanations.toml`.
"""

import re
import tempfile
import tomllib
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Final, NamedTuple

from tests.conformance.samples import Planted, planted, samples, write
from tests.conformance.validators import VALIDATORS, Message, Validator
from tests.fetching import Unavailable

EXPLANATIONS: Final = Path(__file__).with_name("explanations.toml")


class Explanation(NamedTuple):
    """Why a warning stands: `pattern` is searched in its text."""

    validator: str
    pattern: re.Pattern[str]
    why: str


@dataclass(frozen=True)
class Verdict:
    """All that was said, by validator name; `unavailable` holds who could not run, and why."""

    samples: Mapping[str, bytes]
    planted: Mapping[str, Planted]
    said: Mapping[str, list[Message]]
    unavailable: Mapping[str, str]

    def of(self, validator: str, severity: str) -> list[Message]:
        """The messages of one severity about samples, not about what was planted."""
        return [
            message
            for message in self.said[validator]
            if message.severity == severity and message.file in self.samples
        ]

    @cached_property
    def errors(self) -> list[tuple[str, Message]]:
        """Every error in a sample, with the name of the validator."""
        return [
            (name, message)
            for name in self.said
            for severity in ("fatal", "error")
            for message in self.of(name, severity)
        ]

    @cached_property
    def overlooked(self) -> list[tuple[str, str]]:
        """Planted files that a validator should have refused, and did not."""
        return [
            (name, file)
            for file, plant in self.planted.items()
            for name in sorted(plant.seen_by & self.said.keys())
            if not any(
                message.file == file and message.severity in {"fatal", "error"}
                for message in self.said[name]
            )
        ]

    @cached_property
    def warnings(self) -> Counter[tuple[str, str]]:
        """How often each explanation was needed: (validator, why)."""
        return Counter(
            (name, why)
            for name in self.said
            for message in self.of(name, "warning")
            if (why := _why(name, message))
        )

    @cached_property
    def unexplained(self) -> list[tuple[str, Message]]:
        """Every warning that `explanations.toml` says nothing about."""
        return [
            (name, message)
            for name in self.said
            for message in self.of(name, "warning")
            if not _why(name, message)
        ]

    @cached_property
    def idle(self) -> list[Explanation]:
        """Explanations of validators that ran, which explain nothing any more."""
        return [
            row
            for row in explanations()
            if row.validator in self.said and not self.warnings[row.validator, row.why]
        ]

    @property
    def is_clean(self) -> bool:
        """No error, nothing unexplained, nothing idle, and every planted error was seen."""
        return not (self.errors or self.unexplained or self.idle or self.overlooked)


def verdict(validators: tuple[Validator, ...] = VALIDATORS) -> Verdict:
    """Renders all samples into a folder of its own and runs every validator over it."""
    clean, broken = samples(), planted()
    said, unavailable = {}, {}
    with tempfile.TemporaryDirectory(prefix="conformance-") as folder:
        write(Path(folder), clean | {name: plant.content for name, plant in broken.items()})
        for validator in validators:
            try:
                said[validator.name] = validator.run(Path(folder))
            except Unavailable as missing:
                unavailable[validator.name] = str(missing)
    return Verdict(clean, broken, said, unavailable)


def explanations() -> list[Explanation]:
    """The rows of `explanations.toml`."""
    rows = tomllib.loads(EXPLANATIONS.read_text(encoding="utf-8"))["warning"]
    return [Explanation(row["of"], re.compile(row["says"]), row["why"]) for row in rows]


_EXPLANATIONS: Final = explanations()


def _why(validator: str, message: Message) -> str:
    for row in _EXPLANATIONS:
        if row.validator == validator and row.pattern.search(message.text):
            return row.why
    return ""
