"""Searches over the `record` table: each one statement, over an index, as long as its answer.

In: a `Query`. Out: SQL text and its values, for `SqliteReader`. A citizen's records are indexed by
alias and time of measuring; a search over several aliases takes the first of each and merges them.
`seq` is the row's own key and stands in every index, so a span of changes costs no look at a row.
"""

from collections.abc import Sequence
from typing import Any

from devices.catalogue import OBSERVABLES
from ingest.store.port import Query
from ingest.store.rows import SELECT

Statement = tuple[str, list[Any]]
_ARM = "SELECT * FROM (SELECT seq, measured_ms, about, id FROM record INDEXED BY record_of_citizen"
_LAST_BEFORE = (
    "(SELECT coalesce((SELECT seq FROM record WHERE updated_ms < ? "
    "ORDER BY updated_ms DESC, seq DESC LIMIT 1), 0))"
)
"""The newest change before a moment, as updated_ms never falls along seq."""


def search_statement(query: Query, citizen: int | None) -> Statement:
    """The records of a query in its order; `citizen` is the key of whom it names."""
    if query.by_change:
        return _by_change(query, citizen)
    assert citizen is not None, "an order of measuring is one citizen's"
    return _by_measuring(query, citizen)


def count_statement(query: Query, citizen: int | None) -> Statement:
    """How many records a query means."""
    if citizen is not None:
        where, values = _of_citizen(query, citizen, query.about)
        return f"SELECT count(*) FROM record INDEXED BY record_of_citizen {where}", values  # noqa: S608
    where, values = _about(query.about)
    for bound, at_ms in ((">=", query.changed_from_ms), ("<", query.changed_until_ms)):
        if at_ms is not None:
            where += f" AND updated_ms {bound} ?"
            values.append(at_ms)
    return f"SELECT count(*) FROM record INDEXED BY record_updated {where}", values  # noqa: S608


def distribution_statement(
    citizen: int, about: str, since_ms: int | None, until_ms: int | None
) -> Statement:
    """A citizen's values of one alias, each once."""
    query = Query(measured_from_ms=since_ms, measured_until_ms=until_ms)
    where, values = _of_citizen(query, citizen, (about,))
    what = "value, flags, count(*) FROM record INDEXED BY record_of_citizen"
    return f"SELECT {what} {where} GROUP BY value, flags", values


def _by_change(query: Query, citizen: int | None) -> Statement:
    order = "DESC" if query.newest_first else "ASC"
    if citizen is None:
        where, values = _changed(query, *_about(query.about))
        table = "record"
    else:
        where, values = _of_citizen(query, citizen, query.about)
        table = "record INDEXED BY record_of_citizen"
    if query.after is not None:
        where += f" AND seq {'<' if query.newest_first else '>'} ?"
        values.append(query.after[0])
    keys = f"SELECT seq FROM {table} {where} ORDER BY seq {order} LIMIT ?"  # noqa: S608
    return _records(keys, f"r.seq {order}"), [*values, _limit(query.limit)]


def _by_measuring(query: Query, citizen: int) -> Statement:
    order = "DESC" if query.newest_first else "ASC"
    arms, values = [], []
    for about in query.about or OBSERVABLES:
        where, some = _of_citizen(query, citizen, (about,))
        where, some = _beyond(query, about, where, some)
        arms.append(f"{_ARM} {where} ORDER BY measured_ms {order}, id LIMIT ?)")
        values += some
        values.append(_limit(query.limit if query.limit_each is None else query.limit_each))
    keys = f"{' UNION ALL '.join(arms)} ORDER BY measured_ms {order}, about, id LIMIT ?"
    values.append(_limit(query.limit))
    return _records(keys, f"r.measured_ms {order}, r.about, r.id"), values


def _beyond(query: Query, about: str, where: str, values: list[Any]) -> Statement:
    """What of one alias comes after the query's place."""
    if query.after is None:
        return where, values
    at_ms, at_about, at_id = query.after
    sign = "<" if query.newest_first else ">"
    if about < at_about:
        return f"{where} AND measured_ms {sign} ?", [*values, at_ms]
    where = f"{where} AND measured_ms {sign}= ?"
    if about > at_about:
        return where, [*values, at_ms]
    return f"{where} AND NOT (measured_ms = ? AND id <= ?)", [*values, at_ms, at_ms, at_id]


def _of_citizen(query: Query, citizen: int, about: Sequence[str]) -> Statement:
    where, values = _about(about)
    where, values = f"{where} AND citizen = ?", [*values, citizen]
    for bound, at_ms in ((">=", query.measured_from_ms), ("<", query.measured_until_ms)):
        if at_ms is not None:
            where += f" AND measured_ms {bound} ?"
            values.append(at_ms)
    if query.standing:
        where += " AND withdrawn = 0"
    return _changed(query, where, values)


def _about(about: Sequence[str]) -> Statement:
    """What it is about: every Observation unless told; answers only where they are asked for."""
    chosen = about or OBSERVABLES
    return f"WHERE about IN ({', '.join('?' * len(chosen))})", list(chosen)


def _changed(query: Query, where: str, values: list[Any]) -> Statement:
    for bound, at_ms in ((">", query.changed_from_ms), ("<=", query.changed_until_ms)):
        if at_ms is not None:
            where += f" AND seq {bound} {_LAST_BEFORE}"
            values.append(at_ms)
    return where, values


def _records(keys: str, order: str) -> str:
    """The whole records of these keys, in one statement: nothing changes in between."""
    joined = SELECT.replace("FROM record r", f"FROM ({keys}) k CROSS JOIN record r", 1)
    return f"{joined} WHERE r.seq = k.seq ORDER BY {order}"


def _limit(limit: int | None) -> int:
    return -1 if limit is None else limit
