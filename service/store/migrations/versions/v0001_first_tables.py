"""The first tables."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Create them."""
    op.create_table(
        "evaluator_rubrics",
        sa.Column("digest", sa.String(80), primary_key=True),
        sa.Column("body", sa.LargeBinary, nullable=False),
        sa.Column("dictionary", sa.LargeBinary, nullable=False),
    )
    op.create_table(
        "evaluator_runs",
        sa.Column("n", sa.Integer, primary_key=True, autoincrement=True),
        sa.Column("id", sa.String(64), nullable=False, unique=True),
        sa.Column("owner", sa.String(64), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("spec", sa.Text, nullable=False),
        sa.Column("total", sa.BigInteger),
        sa.Column("reused", sa.BigInteger, nullable=False),
        sa.Column("attempt", sa.Integer, nullable=False),
        sa.Column("created_at", sa.Double, nullable=False),
        sa.Column("started_at", sa.Double),
        sa.Column("finished_at", sa.Double),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "evaluator_answers",
        sa.Column("run_n", sa.Integer, primary_key=True),
        sa.Column("ordinal", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("id", sa.Text, nullable=False),
        sa.Column("rubric", sa.String(80)),
        sa.Column("key", sa.LargeBinary, nullable=False),
        sa.Column("body", sa.LargeBinary, nullable=False),
    )
    op.create_table(
        "evaluator_results",
        sa.Column("run_n", sa.Integer, primary_key=True),
        sa.Column("ordinal", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("key", sa.LargeBinary, nullable=False),
        sa.Column("status", sa.String(16), nullable=False),
        sa.Column("rubric", sa.String(80)),
        sa.Column("score", sa.Double),
        sa.Column("score_low", sa.Double),
        sa.Column("score_high", sa.Double),
        sa.Column("band", sa.Text),
        sa.Column("levels", sa.LargeBinary, nullable=False),
        sa.Column("flags", sa.LargeBinary, nullable=False),
        sa.Column("error_code", sa.String(64)),
        sa.Column("calls", sa.Integer, nullable=False),
        sa.Column("tokens", sa.BigInteger, nullable=False),
        sa.Column("cost_usd", sa.Double),
        sa.Column("body", sa.LargeBinary, nullable=False),
    )
    op.create_index("evaluator_results_key", "evaluator_results", ["key"])
    op.create_table(
        "evaluator_tallies",
        sa.Column("run_n", sa.Integer, primary_key=True),
        sa.Column("status", sa.String(16), primary_key=True),
        sa.Column("results", sa.BigInteger, nullable=False),
    )
    op.create_table(
        "evaluator_requests",
        sa.Column("owner", sa.String(64), primary_key=True),
        sa.Column("key", sa.String(255), primary_key=True),
        sa.Column("digest", sa.String(64), nullable=False),
        sa.Column("run_id", sa.String(64), nullable=False),
        sa.Column("created_at", sa.Double, nullable=False),
    )
    op.create_table(
        "evaluator_rates",
        sa.Column("name", sa.String(80), primary_key=True),
        sa.Column("next_at", sa.Double, nullable=False),
    )
