"""Purposes, schedules and pauses of geofences; the border line."""

from alembic import op

from watchline.db.migrate import run_sql

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    """Run 0010_fences.sql."""
    run_sql(op.get_bind(), "0010_fences.sql")
