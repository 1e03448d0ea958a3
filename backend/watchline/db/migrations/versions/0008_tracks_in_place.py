"""Rows of live tracks are updated in their page."""

from alembic import op

from watchline.db.migrate import run_sql

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    """Run 0008_tracks_in_place.sql."""
    run_sql(op.get_bind(), "0008_tracks_in_place.sql")
