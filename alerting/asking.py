"""Adaptive sampling: whom the rules ask to measure daily for some days, and until when.

In: what the rules answer to each wave of readings. Out: citizens and the days on which there was
evidence, and `Request`s, as the alert store keeps them. Called by `alerting.evaluate` (who is to be
asked), `alerting.alert_store` (what was asked) and `alerting.send` (who is to be told).

The same rule as in a replay (`alerting.backtest.replay`): evidence on a day asks for the
`DAILY_DAYS` days after it, and more evidence while a request runs makes it longer. Whose plan has
those days anyway is not asked, nor is anybody who is away. A request is no alert: nobody is
expected to act on it but the citizen.
"""

import msgspec
import numpy as np

from alerting.engine import Engine, Wave
from alerting.rules import DAILY_DAYS, Findings
from alerting.rules.due_days import count_due


class Request(msgspec.Struct, frozen=True):
    """One citizen is asked to measure on every day from `since` to `until`, both included.

    Days are local, since 1970-01-01. `sent_until` is how far the home has been told (0: not at
    all), and `sent_ms` when it was told last.
    """

    key: int
    citizen: str
    since: int
    until: int
    asked_ms: int
    sent_until: int = 0
    sent_ms: int | None = None

    @property
    def fresh_since(self) -> int:
        """The first of the days that the newest evidence asks for."""
        return max(self.since, self.until - DAILY_DAYS + 1)


class Evidence:
    """The newest day with evidence of each row of one engine, as it advances; false when none."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._day: dict[int, int] = {}

    def __bool__(self) -> bool:
        return bool(self._day)

    def watch(self, _wave: Wave, findings: Findings) -> None:
        """Take what the rules answer to one wave, while the profile is that of its moments."""
        if not findings.ask_daily.any():
            return
        asked = findings.ask_daily & ~self._engine.profile.paused[findings.rows]
        days = np.floor(findings.time[asked]).astype(np.int64)
        for row, day in zip(findings.rows[asked].tolist(), days.tolist(), strict=True):
            self._day[row] = max(day, self._day.get(row, day))

    def wanting(self, now: float) -> list[tuple[str, int]]:
        """Citizen and day of evidence, of those who need asking at `now` (local days).

        Not those who are away by now, nor whose days are over or all in the plan.
        """
        rows = np.array(list(self._day), dtype=np.intp)
        day = np.array(list(self._day.values()), dtype=np.int64)
        before = np.maximum(day, int(np.floor(now)) - 1)
        left = day + DAILY_DAYS - before
        profile = self._engine.profile
        planned = count_due(profile.plan_weekdays[rows], before, day + DAILY_DAYS)
        needed = (left > 0) & (planned < left) & ~profile.paused[rows]
        ids = self._engine.roster.ids
        found = zip(rows[needed].tolist(), day[needed].tolist(), strict=True)
        return [(ids[row], evident) for row, evident in found]
