"""The case: a folder and a database, SQLite by default, PostgreSQL by URL."""
