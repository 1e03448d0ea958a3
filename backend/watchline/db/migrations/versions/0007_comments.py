"""Tables and columns say what they are for."""

from alembic import op

from watchline.db.migrate import run_sql

revision = "0007"
down_revision = "0005"


def upgrade() -> None:
    """Run 0007_comments.sql."""
    run_sql(op.get_bind(), "0007_comments.sql")
