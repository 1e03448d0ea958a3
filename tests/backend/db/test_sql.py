"""Named statements: what a .sql file gives, and which files are refused."""

from pathlib import Path

import pytest

import watchline
from watchline.db import sql

_TEXT = """-- A file about things.
-- name: first
-- why it is so
SELECT 1
  FROM thing  -- stays
;

-- name: second
SELECT 2
"""


def test_statements_are_found_by_key_and_by_attribute() -> None:
    statements = sql.parse("things.sql", _TEXT)
    assert dict(statements) == {"first": "SELECT 1\n  FROM thing  -- stays\n", "second": "SELECT 2"}
    assert statements.second == statements["second"]


def test_an_unknown_name_names_the_file() -> None:
    statements = sql.parse("things.sql", _TEXT)
    with pytest.raises(KeyError, match=r"things\.sql has no statement named third"):
        statements["third"]
    with pytest.raises(AttributeError, match="third"):
        _ = statements.third
    assert "third" not in statements


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("SELECT 1", "before the first"),
        ("-- name: a\nSELECT 1\n-- name: a\nSELECT 2", "twice"),
        ("-- name: a\n-- only words\n-- name: b\nSELECT 2", "nothing under the name a"),
    ],
)
def test_a_wrong_file_is_refused_when_read(text: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        sql.parse("wrong.sql", text)


def test_load_reads_once_and_takes_the_name_with_or_without_suffix() -> None:
    with_suffix = sql.load("watchline.sectors", "writer.sql")
    assert with_suffix is sql.load("watchline.sectors", "writer.sql")
    assert dict(with_suffix) == dict(sql.load("watchline.sectors", "writer"))


def _sql_files() -> list[Path]:
    root = Path(watchline.__file__).parent
    return sorted(path for path in root.rglob("*.sql") if "migrations" not in path.parts)


@pytest.mark.parametrize("path", _sql_files(), ids=lambda path: f"{path.parent.name}/{path.name}")
def test_every_sql_file_of_the_product_parses(path: Path) -> None:
    assert len(sql.parse(path.name, path.read_text())) > 0
