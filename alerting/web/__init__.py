"""The page: data into markup. Knows no HTTP and no store; `alerting.api.pages` serves it."""
