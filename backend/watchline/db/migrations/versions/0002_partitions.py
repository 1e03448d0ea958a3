"""Day partitions of detections, made ahead."""

from alembic import op

from watchline.db.migrate import run_sql

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Run 0002_partitions.sql."""
    run_sql(op.get_bind(), "0002_partitions.sql")
