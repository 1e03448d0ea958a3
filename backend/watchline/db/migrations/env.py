"""Alembic's environment: one connection, handed in by watchline.db.migrate; no offline mode."""

from alembic import context
from sqlalchemy import Connection, text

from watchline.db.migrate import VERSION_SCHEMA
from watchline.db.roles import OWNER

# Any number will do, as long as nothing else of ours takes the same one.
_MIGRATION_LOCK = 0x57415443484C


def _migrate(connection: Connection) -> None:
    connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _MIGRATION_LOCK})
    # A superuser may run this too, but what it makes belongs to the owner.
    connection.execute(text(f"SET LOCAL ROLE {OWNER}"))
    connection.execute(text(f"CREATE SCHEMA IF NOT EXISTS {VERSION_SCHEMA}"))
    context.configure(
        connection=connection,
        version_table_schema=VERSION_SCHEMA,
        transactional_ddl=True,
    )
    with context.begin_transaction():
        context.run_migrations()


_migrate(context.config.attributes["connection"])
