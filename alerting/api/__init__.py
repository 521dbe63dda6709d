"""The HTTP interface: alerts for polling systems, FHIR for others, the page for a nurse."""
