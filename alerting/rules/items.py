"""The symptoms that rules look at: one row per column of every (patients, items) array.

The rows are those of `devices.symptoms`, in its order: dyspnoea, cough, sputum, sputum_colour,
oedema, orthopnoea, dizziness, chest_pain, syncope. An answer is int8: 1 worse than usual or
present, 0 not so, -1 not asked or not answered. Called by the rules, and by whoever turns a
questionnaire's answers into columns.
"""

from typing import Final, TypeAlias

from devices.questionnaire import Symptom
from devices.symptoms import SYMPTOMS

Item: TypeAlias = Symptom

ITEMS: Final[tuple[Item, ...]] = SYMPTOMS

NOT_ANSWERED: Final = -1

_INDEX: Final = {item.alias: index for index, item in enumerate(ITEMS)}


def item_index(alias: str) -> int:
    """The column of an item.

    >>> item_index("oedema")
    4
    """
    return _INDEX[alias]
