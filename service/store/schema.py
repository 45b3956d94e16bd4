"""The tables. Names carry a prefix, for a database that is shared with something else."""

import sqlalchemy as sa

metadata = sa.MetaData()

_ordinal = sa.BigInteger
_epoch = sa.Double
"""Times are seconds since 1970, in UTC."""

rubrics = sa.Table(
    "evaluator_rubrics",
    metadata,
    sa.Column("digest", sa.String(80), primary_key=True),
    sa.Column("body", sa.LargeBinary, nullable=False),
    sa.Column("dictionary", sa.LargeBinary, nullable=False),
)

runs = sa.Table(
    "evaluator_runs",
    metadata,
    sa.Column("n", sa.Integer, primary_key=True, autoincrement=True),
    sa.Column("id", sa.String(64), nullable=False, unique=True),
    sa.Column("owner", sa.String(64), nullable=False),
    sa.Column("state", sa.String(16), nullable=False),
    sa.Column("spec", sa.Text, nullable=False),
    sa.Column("total", _ordinal),
    sa.Column("reused", _ordinal, nullable=False, default=0),
    sa.Column("attempt", sa.Integer, nullable=False, default=1),
    sa.Column("created_at", _epoch, nullable=False),
    sa.Column("started_at", _epoch),
    sa.Column("finished_at", _epoch),
    # NULL while it is kept.
    sa.Column("text", sa.String(8)),
    # The number of a run that was deleted is never another's, or a late result would find a home.
    sqlite_autoincrement=True,
)

answers = sa.Table(
    "evaluator_answers",
    metadata,
    sa.Column("run_n", sa.Integer, primary_key=True),
    sa.Column("ordinal", _ordinal, primary_key=True, autoincrement=False),
    sa.Column("id", sa.Text, nullable=False),
    sa.Column("rubric", sa.String(80)),
    sa.Column("key", sa.LargeBinary, nullable=False),
    sa.Column("body", sa.LargeBinary, nullable=False),
)

results = sa.Table(
    "evaluator_results",
    metadata,
    sa.Column("run_n", sa.Integer, primary_key=True),
    sa.Column("ordinal", _ordinal, primary_key=True, autoincrement=False),
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
    # With the verdict that was read from them: taken over, withdrawn and erased with it.
    sa.Column("records", sa.LargeBinary),
    # NULL is no.
    sa.Column("taken_over", sa.Boolean),
    sa.Index("evaluator_results_key", "key"),
)

tallies = sa.Table(
    "evaluator_tallies",
    metadata,
    sa.Column("run_n", sa.Integer, primary_key=True),
    sa.Column("status", sa.String(16), primary_key=True),
    sa.Column("results", sa.BigInteger, nullable=False),
)

requests = sa.Table(
    "evaluator_requests",
    metadata,
    sa.Column("owner", sa.String(64), primary_key=True),
    sa.Column("key", sa.String(255), primary_key=True),
    sa.Column("digest", sa.String(64), nullable=False),
    sa.Column("run_id", sa.String(64), nullable=False),
    sa.Column("created_at", _epoch, nullable=False),
)

gradings = sa.Table(
    "evaluator_gradings",
    metadata,
    sa.Column("key", sa.LargeBinary, primary_key=True),
    sa.Column("run_n", sa.Integer),
    sa.Column("created_at", _epoch, nullable=False),
    sa.Column("body", sa.LargeBinary, nullable=False),
    sa.Index("evaluator_gradings_run_n", "run_n"),
    sa.Index("evaluator_gradings_created_at", "created_at"),
)

provenance = sa.Table(
    "evaluator_provenance",
    metadata,
    sa.Column("verdict", sa.String(64), primary_key=True),
    sa.Column("created_at", _epoch, nullable=False),
    sa.Column("body", sa.LargeBinary, nullable=False),
    sa.Index("evaluator_provenance_created_at", "created_at"),
)

budgets = sa.Table(
    "evaluator_budgets",
    metadata,
    sa.Column("run_n", sa.Integer, primary_key=True, autoincrement=False),
    # Whole billionths of a dollar, for which sums are exact.
    sa.Column("max_nanos", sa.BigInteger, nullable=False),
    sa.Column("reserved", sa.BigInteger, nullable=False),
    sa.Column("spent", sa.BigInteger, nullable=False),
    sa.Column("closed", sa.Boolean, nullable=False),
)

rates = sa.Table(
    "evaluator_rates",
    metadata,
    sa.Column("name", sa.String(80), primary_key=True),
    sa.Column("next_at", _epoch, nullable=False),
)
