"""The rules' state is stored uncompressed, as the tracker's is."""

from alembic import op

from watchline.db.migrate import run_sql

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    """Run 0009_states_as_they_are.sql."""
    run_sql(op.get_bind(), "0009_states_as_they_are.sql")
