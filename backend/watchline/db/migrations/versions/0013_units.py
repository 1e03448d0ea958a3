"""Our own units say where they are."""

from alembic import op

from watchline.db.migrate import run_sql

revision = "0013"
down_revision = "0012"


def upgrade() -> None:
    """Run 0013_units.sql."""
    run_sql(op.get_bind(), "0013_units.sql")
