"""Days of detections are closed and dropped."""

from alembic import op

from watchline.db.migrate import run_sql

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Run 0003_days.sql."""
    run_sql(op.get_bind(), "0003_days.sql")
