"""Pictures that an incident or a person has asked of an edge."""

from alembic import op

from watchline.db.migrate import run_sql

revision = "0014"
down_revision = "0013"


def upgrade() -> None:
    """Run 0014_footage.sql."""
    run_sql(op.get_bind(), "0014_footage.sql")
