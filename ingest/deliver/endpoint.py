"""Deliver documents to an HTTP endpoint, one per request.

A destination (`port`). Every request carries `Document-Id` (the record's id), `Document-Version`
and `Idempotency-Key` (unique to the version, the same at every repeat):

    POST   url                 a document; a higher version replaces a lower one
    DELETE url/{Document-Id}   the document is withdrawn; 404 and 410 say that it is not there

A request that got no answer may arrive late: the receiver must keep the highest version it has
seen of a document, and answer a lower one as if it had taken it.
"""

from collections.abc import Callable, Sequence
from hashlib import sha256

import httpx

from ingest.deliver.documents import Dispatch, dispatch_of
from ingest.deliver.exchange import OF_THE_ITEM, Answer, NoAnswer, exchange
from ingest.deliver.port import Item, Later, Refused, Result, Taken
from ingest.deliver.rendered import rendered
from ingest.deliver.settings import DocumentFormat

GONE = frozenset({404, 410})
ALONE = frozenset({409, 425})
"""Statuses that speak of this document only."""


class Endpoint:
    """An HTTP endpoint as a destination; see the port."""

    settle_s = 0.0
    takes_responses = False

    def __init__(
        self,
        client: httpx.Client,
        url: str,
        form: DocumentFormat,
        timeout_s: float,
        should_stop: Callable[[], bool] = lambda: False,
    ) -> None:
        self._client = client
        self._url = url
        self._form = form
        self._timeout_s = timeout_s
        self._should_stop = should_stop

    def send(self, batch: Sequence[Item]) -> list[Result]:
        """Send one after another; after a trouble of the endpoint nothing more is sent."""
        results: list[Result] = []
        for item in batch:
            result = self._send(item)
            results.append(result)
            trouble = isinstance(result, Later) and not result.alone
            if trouble or (self._should_stop() and len(results) < len(batch)):
                rest = result if trouble else Later("told to stop")
                return results + [rest] * (len(batch) - len(results))
        return results

    def close(self) -> None:
        """Release the connection."""
        self._client.close()

    def _send(self, item: Item) -> Result:
        dispatch = rendered(lambda one: dispatch_of(one, self._form), item)
        if isinstance(dispatch, Refused):
            return dispatch
        content = dispatch.content
        method, url = "POST", self._url
        if content is None:
            method, url, content = "DELETE", f"{self._url}/{dispatch.record_id}", b""
        headers = headers_of(dispatch)
        answer = exchange(self._client, method, url, content, headers, self._timeout_s)
        return _result(answer, method, content)


def headers_of(dispatch: Dispatch) -> dict[str, str]:
    """By what the endpoint knows the document."""
    return {
        "Content-Type": "application/xml",
        "Document-Id": dispatch.record_id,
        "Document-Version": str(dispatch.version),
        "Idempotency-Key": f'"{dispatch.document_id}"',
    }


def _result(answer: Answer | NoAnswer, method: str, content: bytes) -> Result:
    if isinstance(answer, NoAnswer):
        return Later(answer.reason)
    status = answer.status
    if 200 <= status < 300 or (method == "DELETE" and status in GONE):
        return Taken()
    if status in OF_THE_ITEM:
        return Refused(str(status), sha256(content).hexdigest())
    return Later(f"status {status}", alone=status in ALONE, wait_s=answer.wait_s)
