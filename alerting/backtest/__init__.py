"""Judging rules: alerts held against the truth, over any number of patients.

In: plain arrays. Out: scorecards. Knows no simulator and no store; whoever has patients, from
either, brings them as arrays. Called by the commands `score`, `benefits` and `backtest`.
"""
