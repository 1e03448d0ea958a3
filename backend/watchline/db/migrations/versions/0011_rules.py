"""Suppressed findings, and back-tests of rules."""

from alembic import op

from watchline.db.migrate import run_sql

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    """Run 0011_rules.sql."""
    run_sql(op.get_bind(), "0011_rules.sql")
