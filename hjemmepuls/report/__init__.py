"""Reports as one page each: HTML that needs nothing else, with drawings and both languages.

In: the dictionaries of `scorecard`, `gains` and `history`. Out: markup. Called by the commands
`score`, `benefits` and `backtest`.
"""
