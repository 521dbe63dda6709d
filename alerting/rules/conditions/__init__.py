"""One function per rule: what it looks at, and the colour of a single reading.

A condition takes a `Sitting` and the numbers of its row and returns a `Verdict`. It keeps no
state: confirmation, hysteresis and onset are the same for all rules and live in `episodes`.
A level that is reached always counts; GREEN needs everything the rule watches to be there.
Called by the rows of the rulebook only.
"""
