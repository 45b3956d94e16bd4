"""How alembic runs a migration: with the engine that `Database.migrate` gave it, in one transaction."""

import sqlalchemy as sa
from alembic import context

engine = context.config.attributes["engine"]
assert isinstance(engine, sa.Engine)  # noqa: S101 - narrows an attribute of anything

with engine.connect() as connection:
    context.configure(connection=connection, version_table="evaluator_version", transactional_ddl=True)
    with context.begin_transaction():
        context.run_migrations()
    connection.commit()
