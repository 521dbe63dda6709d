"""Who stands for the device of a measurement that a person typed and no device is named for.

In: a person, as `Patient/id`. Out: a name in the device's place, so that two persons' typed weights
never share an identity, and a person's typed weights always have the same. It belongs to that
person for good, and is no device to hand out. A CPR number is never hashed, since it is soon
guessed: `UNNAMED` stands there until somebody who knows the citizens says who it is.
"""

from hashlib import blake2b
from typing import Final

UNNAMED: Final = "typed"
_PREFIX: Final = "typed."


def stand_in(person: str) -> str:
    """The name in a device's place.

    >>> stand_in("Patient/c1")
    'typed.d1926f45c37bfec1bb84'
    """
    return _PREFIX + blake2b(person.encode(), digest_size=10, person=b"hm-typed").hexdigest()


def is_stand_in(device: str) -> bool:
    """Whether a person stands in the device's place.

    >>> is_stand_in("typed"), is_stand_in("scale-17")
    (True, False)
    """
    return device == UNNAMED or device.startswith(_PREFIX)
