"""Who may ask for FHIR: the one place where that is decided.

In: a request. Out: nothing, or `Refused`. Every route below /fhir depends on it. Until access
control exists only this machine is answered, for reading and for writing; roles, tokens and
consent will be looked at here, and a sender's name will become the boot of what he submits.
"""

from ipaddress import ip_address

from fastapi import Request

from alerting.api.answers import Fault, Refused


def authorised(request: Request) -> None:
    """Raise `Refused` unless the request may be answered."""
    if not _is_here(request.client.host if request.client else ""):
        fault = Fault("not-authorised", "only this machine is answered, until access is secured")
        raise Refused(403, fault, "forbidden")


def _is_here(host: str) -> bool:
    """Whether an address is of this machine.

    >>> _is_here("127.0.0.1"), _is_here("::1"), _is_here("192.0.2.1"), _is_here("")
    (True, True, False, False)
    """
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False
