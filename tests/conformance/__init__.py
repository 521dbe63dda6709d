"""What we write, read by validators that others wrote: `python -m tests.conformance`.

`samples` renders every catalogue row, every edge case and every kind of resource, and plants
errors; `validators` runs each validator over a folder of them; `verdict` counts, and sorts warnings
by the explanations in `explanations.toml`. `definitions/` describes our own extensions, and stands
in for six identifiers of HL7 Denmark's that we never send. HL7 Denmark's profiles and KIH's schema
are read from HJEMMEPULS_EXAMPLES, or from `shared/examples` beside the checkout; `maven/` and
`medplum/` name the rest. It is fetched once, into Maven's own store and `var/conformance`.

What no validator here can check: whether a LOINC, SNOMED CT, MDC, NPU or MedCom code exists and
means what its display says (none of these code systems may be shipped with a validator), and HL7
PHD's profiles, whose definitions are in no package. Of PHMR only what CDA asks for is checked, as
the Danish schematron is in no package either. Patients and devices that a reference names are not
looked up.
"""
