"""Make a PostgreSQL server ready for Watchline: roles, database, PostGIS, newest schema.

    python -m watchline.db.prepare postgresql://postgres@db.example/postgres [--database watchline]

does it on a server of your own, as its superuser. Passwords for the roles are taken from
WATCHLINE_DATABASE_OWNER_PASSWORD, …_INGEST_PASSWORD and …_APP_PASSWORD where they are set.
"""

import argparse
import os
import sys
from collections.abc import Mapping
from urllib.parse import quote, urlencode

import psycopg
from psycopg.conninfo import conninfo_to_dict

from watchline.db import roles
from watchline.db.engine import plain_url
from watchline.db.migrate import upgrade


def prepare(admin_url: str, database: str, passwords: Mapping[str, str] | None = None) -> None:
    """All that a database needs before services start; a second call finds it done.

    `admin_url` is a superuser's, to any database of the server; `passwords` is by full role name.
    """
    with psycopg.connect(plain_url(admin_url), autocommit=True, connect_timeout=10) as connection:
        roles.ensure_roles(connection)
        roles.set_passwords(connection, passwords or {})
        roles.ensure_database(connection, database)
    inside = _url_of(admin_url, database)
    with psycopg.connect(inside, autocommit=True, connect_timeout=10) as connection:
        connection.execute("CREATE EXTENSION IF NOT EXISTS postgis")
    upgrade(inside)


def _url_of(url: str, database: str) -> str:
    """`url` with another database."""
    said = {key: str(value) for key, value in conninfo_to_dict(plain_url(url)).items() if value}
    said.pop("dbname", None)
    login = ":".join(quote(said.pop(key), safe="") for key in ("user", "password") if key in said)
    return f"postgresql://{login}@/{quote(database, safe='')}?{urlencode(said, quote_via=quote)}"


def main() -> None:
    """The command line in the module's docstring; psycopg's errors go to the administrator."""
    parser = argparse.ArgumentParser(prog="python -m watchline.db.prepare", description=__doc__)
    parser.add_argument("admin_url", help="a superuser's URL")
    parser.add_argument("--database", default="watchline")
    chosen = parser.parse_args()
    given = {
        role: os.environ.get(f"WATCHLINE_DATABASE_{short}_PASSWORD")
        for short, role in (("OWNER", roles.OWNER), ("INGEST", roles.INGEST), ("APP", roles.APP))
    }
    try:
        prepare(
            chosen.admin_url,
            chosen.database,
            {role: password for role, password in given.items() if password},
        )
    except psycopg.OperationalError as error:
        sys.exit(f"The database cannot be reached: {error}")
    print(f"The database {chosen.database} is ready.")


if __name__ == "__main__":
    main()
