"""docs/reference/schema.md, made from a migrated database.

    python -m watchline.db.describe > docs/reference/schema.md

does it with a private cluster of its own that it removes again (`make docs`).
"""

import shutil
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg

from watchline.db.cluster import Cluster
from watchline.db.errors import ServerError
from watchline.db.migrate import newest
from watchline.db.sql import load

_sql = load("watchline.db", "describe.sql")

_HEAD = """# The database

Made by `make docs` from a database at revision {revision}; a test compares the two. The texts are
the comments in the migrations (`backend/watchline/db/migrations`). Everything is in the schema
`watchline` and belongs to `watchline_owner`; `watchline_ingest` is the worker, `watchline_app` the
hub. Times are UTC, geometries WGS 84 (EPSG:4326), units of measure are in the names; a type with a
question mark may be null.
"""


def describe(connection: psycopg.Connection[Any]) -> str:
    """The whole document."""
    return "\n".join(_lines(connection)) + "\n"


def _lines(connection: psycopg.Connection[Any]) -> Iterator[str]:
    yield _HEAD.format(revision=newest())
    for table, name, what in connection.execute(_sql.tables).fetchall():
        yield from _table(connection, {"table": table}, name, what)
    yield "## Functions\n"
    yield "| function | gives | |\n|---|---|---|"
    for signature, gives, what in connection.execute(_sql.functions).fetchall():
        yield f"| `{signature}` | {gives} | {_cell(what)} |"


def _table(
    connection: psycopg.Connection[Any], of: dict[str, Any], name: str, what: str
) -> Iterator[str]:
    yield f"## {name}\n"
    if what:
        yield f"{what}\n"
    yield "| column | type | |\n|---|---|---|"
    for column, kind, filled, comment in connection.execute(_sql.columns, of).fetchall():
        kind = kind.replace("timestamp with time zone", "timestamptz").replace("public.", "")
        yield f"| `{column}` | {kind}{'' if filled else '?'} | {_cell(comment)} |"
    yield ""
    for heading in ("constraints", "indexes"):
        for (text,) in connection.execute(_sql[heading], of).fetchall():
            yield f"- `{text.replace('watchline.', '').replace('public.', '')}`"
    for role, rights in connection.execute(_sql.grants, of).fetchall():
        yield f"- {role} may {rights}"
    yield ""


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")


def main() -> int:
    """Print the document; one line and 1 when there is no PostgreSQL."""
    folder = Path(tempfile.mkdtemp(prefix="watchline-docs-"))
    folder.chmod(0o711)  # as root, the server's own user has to get through
    cluster = Cluster(folder / "pg", durable=False, tcp=False)
    try:
        cluster.start(die_with_parent=True)
        cluster.prepare("docs")
        with cluster.connect("docs", "owner") as connection:
            sys.stdout.write(describe(connection))
    except ServerError as error:
        print(error, file=sys.stderr)
        return 1
    finally:
        cluster.destroy()
        shutil.rmtree(folder, ignore_errors=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
