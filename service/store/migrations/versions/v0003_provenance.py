"""What verdicts were read from, gradings to use again, what was taken over, and how far a run's text is erased."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Add the columns, and create the tables."""
    op.add_column("evaluator_results", sa.Column("records", sa.LargeBinary))
    op.add_column("evaluator_results", sa.Column("taken_over", sa.Boolean))
    op.add_column("evaluator_runs", sa.Column("text", sa.String(8)))
    op.create_table(
        "evaluator_gradings",
        sa.Column("key", sa.LargeBinary, primary_key=True),
        sa.Column("run_n", sa.Integer),
        sa.Column("created_at", sa.Double, nullable=False),
        sa.Column("body", sa.LargeBinary, nullable=False),
    )
    op.create_index("evaluator_gradings_run_n", "evaluator_gradings", ["run_n"])
    op.create_index("evaluator_gradings_created_at", "evaluator_gradings", ["created_at"])
    op.create_table(
        "evaluator_provenance",
        sa.Column("verdict", sa.String(64), primary_key=True),
        sa.Column("created_at", sa.Double, nullable=False),
        sa.Column("body", sa.LargeBinary, nullable=False),
    )
    op.create_index("evaluator_provenance_created_at", "evaluator_provenance", ["created_at"])
