"""Rules, alerts, and what a clinician sees of them."""
