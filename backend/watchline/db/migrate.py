"""Bring a database to the newest schema: ``upgrade(url)``, what `watchline migrate` runs.

The migrations travel in the wheel; no alembic.ini is needed. Each version runs the .sql file of the
same name, because partitions, triggers and functions are written by hand here anyway.
"""

import threading
from pathlib import Path
from typing import cast

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine, create_engine, pool

from watchline.db.engine import SEARCH_PATH, sqlalchemy_url

_alone = threading.Lock()  # Alembic keeps the migration under way in module globals
VERSION_SCHEMA = "watchline"
MIGRATIONS = Path(__file__).parent / "migrations"


def config(connection: Connection | None = None) -> Config:
    """Alembic's configuration, with the connection that the environment shall use."""
    made = Config()
    made.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    made.attributes["connection"] = connection
    return made


def newest() -> str:
    """The newest revision in this package."""
    return cast(str, ScriptDirectory.from_config(config()).get_current_head())


def revisions() -> list[str]:
    """Every revision in this package, oldest first."""
    script = ScriptDirectory.from_config(config())
    return [found.revision for found in reversed(list(script.walk_revisions()))]


def current(url: str) -> str | None:
    """The revision of the database; None when it has none yet."""
    engine = _engine(url)
    with engine.connect() as connection:
        context = MigrationContext.configure(
            connection, opts={"version_table_schema": VERSION_SCHEMA}
        )
        return context.get_current_revision()


def upgrade(url: str, revision: str = "head") -> None:
    """Run the missing migrations as the owner, all in one transaction; two callers take turns.

    `url` must be watchline_owner's (or a superuser's); PostGIS must be there or installable by it.
    """
    engine = _engine(url)
    with _alone, engine.begin() as connection:
        command.upgrade(config(connection), revision)


def run_sql(connection: Connection, name: str) -> None:
    """Run migrations/`name`, a file of many statements, in the connection's transaction.

    It goes to the driver as it is: colons and percent signs in it are no parameters.
    """
    text = (MIGRATIONS / name).read_text(encoding="utf-8")
    driver = connection.connection.driver_connection
    if driver is None:
        raise RuntimeError("the connection is closed")
    driver.execute(text)


def _engine(url: str) -> Engine:
    return create_engine(
        sqlalchemy_url(url),
        poolclass=pool.NullPool,
        connect_args={
            "application_name": "watchline migrate",
            "connect_timeout": 5,
            "options": f"-c search_path={SEARCH_PATH} -c timezone=UTC",
        },
    )
