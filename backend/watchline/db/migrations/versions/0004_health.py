"""Times in the gap ledger, counted refusals, the start of a writer's hold."""

from alembic import op

from watchline.db.migrate import run_sql

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Run 0004_health.sql."""
    run_sql(op.get_bind(), "0004_health.sql")
