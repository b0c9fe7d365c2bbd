"""From counts to estimates: pure functions, nothing here knows a database."""
