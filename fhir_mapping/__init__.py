"""From a reading to the record, and from the record to FHIR."""
