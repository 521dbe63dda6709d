"""The rules by organ system: each module holds conditions and, below them, their rows.

A condition takes a `Sitting` and the numbers of its row and returns a `Verdict`. It keeps no
state: confirmation, hysteresis and onset are the same for all rules and live in `episodes`; what
must be remembered is updated by `memory` before or after. A level that is reached always counts;
GREEN needs everything the rule watches to be there. Every number carries its source; "C" marks a
design choice of this project without a literature value, "tuned" one that was chosen on the tuning
seeds of the simulated cohort.
"""
