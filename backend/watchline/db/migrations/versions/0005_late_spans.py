"""When a late stretch was opened and when its rerun began."""

from alembic import op

from watchline.db.migrate import run_sql

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Run 0005_late_spans.sql."""
    run_sql(op.get_bind(), "0005_late_spans.sql")
