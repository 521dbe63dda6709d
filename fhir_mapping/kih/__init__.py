"""KIH XML, both ways: records to `CitizenMonitoringDataset` 1.0.1 and back.

`dataset` holds the document's types and its shape as data, `write` and `read` are XML,
`reports` and `records` say what of a record stands where, `circumstances` carries what the schema
has no place for, and `foreign` takes in what others wrote.
"""
