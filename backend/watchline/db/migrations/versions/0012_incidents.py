"""Incidents are dispatched, put off, merged, split and made by hand."""

from alembic import op

from watchline.db.migrate import run_sql

revision = "0012"
down_revision = "0011"


def upgrade() -> None:
    """Run 0012_incidents.sql."""
    run_sql(op.get_bind(), "0012_incidents.sql")
