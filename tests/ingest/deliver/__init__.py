"""Delivery out of the store, against servers and folders that do their worst."""
