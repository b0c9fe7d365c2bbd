"""Run by Alembic, on the connection it is given (`evidence.case.migrations.config`)."""

from alembic import context

if __name__ == "env_py":  # the name under which Alembic runs this file
    # SQLite can undo a change of tables, since transactions here begin before any statement.
    connection = context.config.attributes["connection"]
    context.configure(connection=connection, transactional_ddl=True)
    with context.begin_transaction():
        context.run_migrations()
