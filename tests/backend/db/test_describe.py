"""docs/reference/schema.md is the schema."""

from pathlib import Path

from watchline.db.describe import describe

SCHEMA = Path(__file__).resolve().parents[3] / "docs/reference/schema.md"


def test_the_committed_document_is_the_migrated_schema(database) -> None:
    with database.connect("owner") as connection:
        connection.execute("SET search_path = watchline, public")
        made = describe(connection)
    assert SCHEMA.read_text() == made, "run `make docs`"


def test_a_new_column_and_its_comment_would_be_seen(database) -> None:
    with database.connect("owner") as connection:
        connection.execute("ALTER TABLE site ADD COLUMN extra_m real")
        connection.execute("COMMENT ON COLUMN site.extra_m IS 'a | b'")
        made = describe(connection)
    assert "| `extra_m` | real? | a \\| b |" in made
    assert made != SCHEMA.read_text()
