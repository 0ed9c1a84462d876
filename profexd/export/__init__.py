"""One run: plan, build, check, deliver, record, and the SQL behind them."""
