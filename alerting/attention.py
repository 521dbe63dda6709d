"""Alerts that time alone brings back to mind: put off until now, or handled by nobody in time.

In: the alert store and two clocks. Called by the evaluator at every look at the clock.
"""

from contextlib import suppress

from alerting.alert_store import AlertChanged, AlertStore
from alerting.lifecycle import Act, working_hours
from alerting.local_time import local_days


def look_again(alerts: AlertStore, now_ms: int) -> None:
    """Take back what was put off until now; mark what nobody has handled in time.

    In time: within the working hours that its colour allows. Alerts are told by the clock of the
    data where the data are the clock, and so is this. Who changes an alert meanwhile was first;
    the next call looks again.
    """
    for alert in alerts.open_alerts():
        if alert.until_ms is not None and alert.until_ms <= now_ms:
            with suppress(AlertChanged):
                alerts.apply(alert.id, Act("timeout", now_ms), alert.version)
        elif alert.attention == "unacked" and alert.escalated_ms is None:
            hours = working_hours(local_days(alert.since_ms), local_days(now_ms))
            alerts.escalate(alert, hours, now_ms)
