"""Render an item, so that one which cannot be rendered never stops its neighbours.

Called by every destination.
"""

from collections.abc import Callable
from typing import TypeVar

from ingest.deliver.port import Item, Refused

_Form = TypeVar("_Form")


def rendered(render: Callable[[Item], _Form], item: Item) -> _Form | Refused:
    """What `render` makes of the item, or a refusal when it fails.

    A failure is a fault of ours or of what is enrolled. It stands among the dead letters until
    it is mended; its text is left out, as it may name a person.
    """
    try:
        return render(item)
    except Exception as error:
        return Refused(f"cannot be rendered: {type(error).__name__}")
