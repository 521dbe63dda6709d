"""Where alerts are kept: episodes as rows, their transitions as an append-only history."""

from alerting.alert_store.sqlite import START, AlertChanged, AlertStore

__all__ = ["START", "AlertChanged", "AlertStore"]
