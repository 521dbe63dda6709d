"""How fast, honestly: whole paths beside plain ways of doing the same work, in one run.

`python -m benchmarks NAME` runs one path at two sizes (`--small` is what the tests run) and says
what it measured, on which machine, and the hash of its result: nobody makes it faster by changing
the answer. Absolute figures belong to their machine; the ratios in one run travel. `micro/` holds
the small parts for pytest-benchmark.

Read in this order: `workload` (what is given), `measure` (how time is taken), `plain` (the
ordinary way), then one module per NAME.
"""
