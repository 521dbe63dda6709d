"""From MQTT into the store: decode, validate, map, store."""
