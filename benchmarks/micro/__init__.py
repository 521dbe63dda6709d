"""The small parts, each beside a plain way of doing it, in one pytest-benchmark group.

`pytest benchmarks/micro --benchmark-only --benchmark-enable` measures; without, each runs once as
a plain test of its result. Read the ratios within a group; every one of them does `COUNT` times
the same work.
"""
