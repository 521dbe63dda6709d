"""The rows of the catalogue, by what is measured; `devices.catalogue` joins them.

Codes and their sources are told there. A row's `possible` range is what the quantity can be at all,
`plausible` what a living patient can have; "C" marks a choice of this project.
"""
