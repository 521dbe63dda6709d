"""Deliver to a FHIR R4 server: PUT by our own ids, in batch Bundles.

A destination (`port`). The id of a resource follows from the measurement, so that a repeat
updates it to what it already is. A server must allow an update to create ("updateCreate").

A batch and no transaction, so that one refused entry leaves its neighbours alone. The entries of
a batch must not depend on each other, so parties go first: organisations, devices and
questionnaires, then patients, then Observations and QuestionnaireResponses; each when first needed
and again when it has changed, or when something that refers to it was refused. A record whose
party is refused is not sent.

A server that refuses the whole Bundle for what is in it is asked again with each half, down to
the entry that is to blame.
"""

import re
from collections.abc import Iterable, Sequence
from hashlib import sha256

import httpx
import msgspec

from fhir_mapping.ranges import in_force
from fhir_mapping.response import address_of, render
from ingest.deliver.exchange import OF_THE_ITEM, PASSING, Answer, NoAnswer, exchange
from ingest.deliver.parties import Party, parties_of
from ingest.deliver.port import Item, Later, Refused, Result, Taken
from ingest.deliver.rendered import rendered

_HEADERS = {
    "Content-Type": "application/fhir+json",
    "Accept": "application/fhir+json",
    "Prefer": "return=minimal",
}
_CODE = re.compile(r"[a-z-]{1,32}")
_PLACE = re.compile(r"[A-Za-z0-9.\[\]]{1,120}")
_STATUS = re.compile(r"([1-5][0-9]{2})(?: .*)?", re.DOTALL)


class _Issue(msgspec.Struct):
    code: str = ""
    expression: list[str] = msgspec.field(default_factory=list)


class _Outcome(msgspec.Struct):
    issue: list[_Issue] = msgspec.field(default_factory=list)


class _Response(msgspec.Struct):
    status: str
    outcome: _Outcome | None = None


class _Entry(msgspec.Struct):
    response: _Response


class _Bundle(msgspec.Struct):
    resource_type: str = msgspec.field(name="resourceType")
    type: str
    entry: list[_Entry] = msgspec.field(default_factory=list)


_decode_bundle = msgspec.json.Decoder(_Bundle).decode
_decode_outcome = msgspec.json.Decoder(_Outcome).decode
_Put = tuple[str, bytes]
"""Address on the server, and resource."""
_Parts = tuple[list[Party], _Put]
"""What an Observation (or QuestionnaireResponse) refers to, and itself."""


class FhirServer:
    """A FHIR R4 server as a destination; see the port."""

    takes_responses = True

    def __init__(
        self, client: httpx.Client, url: str, timeout_s: float, settle_s: float = 600.0
    ) -> None:
        self.settle_s = settle_s
        self._client = client
        self._url = url
        self._timeout_s = timeout_s
        self._known: dict[str, bytes] = {}

    def send(self, batch: Sequence[Item]) -> list[Result]:
        """What became of each record; parties are sent on the way."""
        parts = [rendered(_parts, item) for item in batch]
        failed = self._send_parties(
            [party for part in parts if not isinstance(part, Refused) for party in part[0]]
        )
        results: dict[int, Result] = {}
        puts: dict[int, _Put] = {}
        for place, part in enumerate(parts):
            if isinstance(part, Refused):
                results[place] = part
                continue
            failures = [failed[party.address] for party in part[0] if party.address in failed]
            if failures:
                # While anything may still come right the record is not given up.
                waits = [one for one in failures if isinstance(one, Later)]
                results[place] = (waits or failures)[0]
            else:
                puts[place] = part[1]
        results |= dict(zip(puts, self._put(list(puts.values())), strict=True))
        for place in puts:
            if not isinstance(results[place], Taken):
                self._forget(parts[place])
        return [results[place] for place in range(len(batch))]

    def close(self) -> None:
        """Release the connection."""
        self._client.close()

    def _send_parties(self, parties: Iterable[Party]) -> dict[str, Result]:
        """Send what the server does not know as it is now; the failures by address."""
        failed: dict[str, Result] = {}
        needed = {party.address: party for party in parties if not self._knows(party)}
        for referring in (False, True):
            stage = [party for party in needed.values() if bool(party.after) is referring]
            for party in stage:
                for before in party.after:
                    if before in failed:
                        failed[party.address] = failed[before]
            ready = [party for party in stage if party.address not in failed]
            results = self._put([(party.address, party.resource) for party in ready])
            for party, result in zip(ready, results, strict=True):
                if isinstance(result, Taken):
                    self._known[party.address] = sha256(party.resource).digest()
                else:
                    failed[party.address] = _about(party, result)
        return failed

    def _forget(self, part: _Parts | Refused) -> None:
        """Send these parties again: the server may have lost one of them."""
        if not isinstance(part, Refused):
            for party in part[0]:
                self._known.pop(party.address, None)

    def _knows(self, party: Party) -> bool:
        return self._known.get(party.address) == sha256(party.resource).digest()

    def _put(self, puts: Sequence[_Put]) -> list[Result]:
        """What became of each; after a trouble of the whole server nothing more is sent."""
        if not puts:
            return []
        answer = exchange(
            self._client, "POST", self._url, bundle(self._url, puts), _HEADERS, self._timeout_s
        )
        if isinstance(answer, NoAnswer):
            return [Later(answer.reason)] * len(puts)
        if answer.status in OF_THE_ITEM:
            if len(puts) == 1:
                return [_refused(f"{answer.status} {_told(answer.body)}".strip(), puts[0])]
            middle = len(puts) // 2
            first = self._put(puts[:middle])
            stopped = next((r for r in first if isinstance(r, Later) and not r.alone), None)
            rest = puts[middle:]
            return first + ([stopped] * len(rest) if stopped else self._put(rest))
        if answer.status != httpx.codes.OK:
            return [Later(f"status {answer.status}", wait_s=answer.wait_s)] * len(puts)
        return _read(answer, puts)


def _parts(item: Item) -> _Parts:
    limits = in_force(item.limits, item.record.measured_ms)
    return list(parties_of(item)), (address_of(item.record), render(item.record, limits))


def bundle(url: str, puts: Iterable[_Put]) -> bytes:
    """A batch Bundle that puts each resource at its address."""
    entries = (
        b'{"fullUrl":%b,"resource":%b,"request":{"method":"PUT","url":"%b"}}'
        % (msgspec.json.encode(f"{url}/{address}"), resource, address.encode())
        for address, resource in puts
    )
    return b'{"resourceType":"Bundle","type":"batch","entry":[%b]}' % b",".join(entries)


def _read(answer: Answer, puts: Sequence[_Put]) -> list[Result]:
    """The results in a batch-response; one that cannot be understood has taken nothing."""
    try:
        found = _decode_bundle(answer.body)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return [Later("the answer is no Bundle")] * len(puts)
    is_response = (found.resource_type, found.type) == ("Bundle", "batch-response")
    if not is_response or len(found.entry) != len(puts):
        return [Later("the answer is not the response to our batch")] * len(puts)
    return [_result(entry.response, put) for entry, put in zip(found.entry, puts, strict=True)]


def _result(response: _Response, put: _Put) -> Result:
    matched = _STATUS.fullmatch(response.status)
    status = int(matched[1]) if matched else 0
    if 200 <= status < 300:
        return Taken()
    if 400 <= status < 500 and status not in PASSING:
        outcome = response.outcome or _Outcome()
        return _refused(f"{status} {_issues(outcome)}".strip(), put)
    return Later(f"entry status {status}", alone=True)


def _refused(reason: str, put: _Put) -> Refused:
    return Refused(reason, sha256(put[1]).hexdigest())


def _about(party: Party, result: Result) -> Result:
    """The failure of a party as that of whoever refers to it."""
    if isinstance(result, Taken):
        return result
    kind = party.address.partition("/")[0]
    return msgspec.structs.replace(result, reason=f"{kind}: {result.reason}")


def _told(body: bytes) -> str:
    try:
        return _issues(_decode_outcome(body))
    except (msgspec.DecodeError, UnicodeDecodeError):
        return ""


def _issues(outcome: _Outcome) -> str:
    """Codes and places of what the server found; its free texts may name a person."""
    told = []
    for issue in outcome.issue[:5]:
        places = [place for place in issue.expression[:1] if _PLACE.fullmatch(place)]
        code = [issue.code] if _CODE.fullmatch(issue.code) else []
        told.append(" ".join((*code, *places)))
    return ", ".join(part for part in told if part)
