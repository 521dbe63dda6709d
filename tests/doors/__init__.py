"""The same said through every door: MQTT, FHIR over HTTP, MQTT and as a file, KIH XML, PHMR."""
