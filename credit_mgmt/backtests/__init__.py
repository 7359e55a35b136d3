"""Backtests: what rules would have done to the orders of a period, and whether it would have been right (`ux` 3.10).

`requests` reads what is asked, `jobs` is the job kind `backtest_rules`, `samples` says which orders and which stored
decisions, `rebuilding` stands in where none is stored, `outcomes` says what became of the invoices, `totals` adds up,
`reading` is for pages and the API. Who decides is `engine.trial`, by the function that decides in production.
"""
