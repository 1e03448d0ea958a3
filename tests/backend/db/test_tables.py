"""The Core tables are the migrated schema."""

from typing import Any

from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from geoalchemy2 import alembic_helpers
from sqlalchemy import Column, Integer, create_engine

from watchline.db.tables import SCHEMA, metadata


def differences(database: Any, tables: Any = metadata) -> list[Any]:
    """What alembic would change; partitions, indexes and hand-made objects are the migrations'."""

    def ours(thing: Any, name: str, kind: str, reflected: bool, other: Any) -> bool:
        if not alembic_helpers.include_object(thing, name, kind, reflected, other):
            return False
        if kind == "table":
            return name != "alembic_version" and not name.startswith("detection_")
        return kind != "index"

    engine = create_engine(database.sqlalchemy_url("owner"))
    try:
        with engine.connect() as connection:
            context = MigrationContext.configure(
                connection,
                opts={
                    "include_object": ours,
                    "include_schemas": True,
                    "include_name": lambda name, kind, _: kind != "schema" or name == SCHEMA,
                    "compare_type": True,
                    "compare_server_default": False,
                },
            )
            return [it for it in compare_metadata(context, tables) if not _is_comment(it)]
    finally:
        engine.dispose()


def _is_comment(change: Any) -> bool:
    """Comments stand in the migrations alone, see db/describe.py."""
    each = change if isinstance(change, list) else [change]
    return all("comment" in it[0] for it in each)


def test_they_are_the_migrated_schema(database):
    assert differences(database) == []


def test_a_difference_would_be_seen(database):
    from sqlalchemy import MetaData

    other = MetaData(schema=SCHEMA)
    for table in metadata.tables.values():
        table.to_metadata(other)
    other.tables[f"{SCHEMA}.sector"].append_column(Column("extra", Integer))
    assert [change[0] for change in differences(database, other)] == ["add_column"]
