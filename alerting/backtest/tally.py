"""What the rules said, counted as they say it: calls for attention, and rules that rose.

In: `Findings`, one call of the rules after another. Out: the table of alerts, and how often each
rule rose to each colour. Used by `replay` over arrays and by the backtest over a store, so that
both count alike.
"""

from typing import Final

import numpy as np

from alerting.backtest.alerts import ALERT, Alerts
from alerting.rules import CLINICAL, Colour, Findings, Rulebook
from alerting.rules.arrays import Bools, Floats, Ints

COLOURS: Final = len([colour for colour in Colour if colour >= Colour.GREEN])


class Tally:
    """Listens to the rules of one rulebook. Before `begin` (P,), local days, nothing counts."""

    def __init__(self, rulebook: Rulebook, begin: Floats) -> None:
        self._book = rulebook
        self._begin = begin
        self._found: list[Alerts] = []
        self._own, self._prefer = _homes(rulebook)
        self.raised: Ints = np.zeros((len(rulebook), COLOURS), dtype=np.int64)
        """(R, COLOURS): episodes that rose to each colour."""

    def hear(self, findings: Findings) -> None:
        """Take what one call of `step` or `clock` answered."""
        rose = (findings.colour > findings.was) & (findings.colour > Colour.GREEN)
        if rose.any():
            row, rule = np.nonzero(rose)
            counts = findings.time[row] >= self._begin[findings.rows[row]]
            place = (rule[counts], findings.colour[row[counts], rule[counts]])
            np.add.at(self.raised, place, 1)
        row, hypothesis = np.nonzero(findings.notify)
        if len(row):
            made = np.zeros(len(row), ALERT)
            made["patient"], made["t"] = findings.rows[row], findings.time[row]
            made["hypothesis"] = hypothesis
            made["colour"] = findings.composed[row, hypothesis]
            made["rule"] = self._rule(findings, row, hypothesis)
            self._found.append(made)

    def alerts(self) -> Alerts:
        """All calls for attention so far, by patient and time; those before `begin` among them."""
        alerts = np.concatenate([*self._found, np.zeros(0, ALERT)])
        return np.asarray(alerts[np.lexsort((alerts["t"], alerts["patient"]))])

    def _rule(self, findings: Findings, row: Ints, hypothesis: Ints) -> Ints:
        """The column of the worst rule of this hypothesis; of several the one that fires, or rose,
        in this call. With one disease all clinical rules stand under it, so a hypothesis whose own
        rules are silent speaks for the others."""
        colour = findings.colour[row]
        fires = findings.level[row] >= Colour.YELLOW
        says = colour + 0.5 * fires + 0.25 * (colour > findings.was[row])
        says = np.where(colour > Colour.GREEN, says, -1.0) + self._prefer[hypothesis]
        column: Ints = np.where(self._own[hypothesis], says, -2.0).argmax(axis=1)
        return column


def _homes(book: Rulebook) -> tuple[Bools, Floats]:
    """(H, R): which rules can stand behind each hypothesis, and a little weight for its own."""
    own = np.zeros((len(book.own), len(book)), dtype=np.bool_)
    for place, columns in enumerate(book.own):
        own[place, columns] = True
    prefer = 0.125 * own
    own[:CLINICAL] = own[:CLINICAL].any(axis=0)
    return own, prefer
