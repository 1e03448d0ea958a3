"""The first schema."""

from alembic import op

from watchline.db.migrate import run_sql

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Run 0001_core.sql."""
    run_sql(op.get_bind(), "0001_core.sql")
