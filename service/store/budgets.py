"""What runs may cost and have cost, kept where all their workers see it."""

import sqlalchemy as sa

from service.errors import RunNotFound
from service.spending import Account, in_nanos
from service.store.database import Database
from service.store.runs import insert_or_ignore
from service.store.schema import budgets


class Budgets:
    """The budgets of runs; a run without one has no limit."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def grant(self, run_n: int, limit_usd: float | None, *, billed_usd: float) -> None:
        """Let a run begin or go on: with this limit in dollars, or with None the one it has, if any.

        Whatever is still set aside belongs to calls that nobody may ever settle, which may have been billed: it counts
        as spent. So does `billed_usd`, what the results there are have cost, for a run that had no limit so far.
        """
        with self._database.writing() as connection:
            if limit_usd is not None:
                self._limit(connection, run_n, limit_usd)
            unsettled = budgets.c.spent + budgets.c.reserved
            connection.execute(self._change(run_n, spent=unsettled, reserved=0, closed=False))
            self._count(connection, run_n, billed_usd)

    def limit(self, run_n: int, limit_usd: float, *, billed_usd: float) -> None:
        """Limit a run that may be under way: what is set aside for its calls stays so; `billed_usd` as for `grant`."""
        with self._database.writing() as connection:
            self._limit(connection, run_n, limit_usd)
            self._count(connection, run_n, billed_usd)

    def of(self, run_n: int) -> Account | None:
        """How the budget of a run stands; None if it has none."""
        query = sa.select(budgets.c.max_nanos, budgets.c.reserved, budgets.c.spent, budgets.c.closed)
        with self._database.reading() as connection:
            row = connection.execute(query.where(budgets.c.run_n == run_n)).one_or_none()
        return None if row is None else Account(*row)

    def reserve(self, run_n: int, amount: int, *, begun: bool) -> bool:
        """Set so many billionths aside if they fit; in a closed account only for what was `begun`."""
        fits = budgets.c.spent + budgets.c.reserved + amount <= budgets.c.max_nanos
        may = sa.true() if begun else sa.not_(budgets.c.closed)
        return self._write(self._change(run_n, reserved=budgets.c.reserved + amount).where(fits, may))

    def settle(self, run_n: int, reserved: int, spent: int) -> None:
        """Put what was set aside right by what it cost, or, where it counts as spent by now, what is spent."""
        late = budgets.c.reserved < reserved
        left = sa.case((late, 0), else_=budgets.c.reserved - reserved)
        counted = sa.case((late, reserved - budgets.c.reserved), else_=0)
        self._write(self._change(run_n, reserved=left, spent=budgets.c.spent + spent - counted))

    def close(self, run_n: int) -> None:
        """Note that something did not fit."""
        self._write(self._change(run_n, closed=True))

    def _limit(self, connection: sa.Connection, run_n: int, limit_usd: float) -> None:
        row = {"run_n": run_n, "max_nanos": 0, "reserved": 0, "spent": 0, "closed": False}
        connection.execute(insert_or_ignore(self._database, budgets).values(row))
        connection.execute(self._change(run_n, max_nanos=in_nanos(limit_usd)))

    def _count(self, connection: sa.Connection, run_n: int, billed_usd: float) -> None:
        billed = in_nanos(billed_usd)
        connection.execute(self._change(run_n, spent=billed).where(budgets.c.spent < billed))

    @staticmethod
    def _change(run_n: int, **values: object) -> sa.Update:
        return sa.update(budgets).where(budgets.c.run_n == run_n).values(values)

    def _write(self, change: sa.Update) -> bool:
        with self._database.writing() as connection:
            return connection.execute(change).rowcount > 0


class RunLedger:
    """The account of one run; see `service.spending.Ledger`."""

    def __init__(self, budgets: Budgets, run_n: int) -> None:
        self._budgets = budgets
        self._run_n = run_n

    def reserve(self, amount: int, *, begun: bool) -> bool:
        """Set so much aside if it fits; in a closed account only for what was `begun`."""
        return self._budgets.reserve(self._run_n, amount, begun=begun)

    def settle(self, reserved: int, spent: int) -> None:
        """Put so much of what was set aside right."""
        self._budgets.settle(self._run_n, reserved, spent)

    def account(self) -> Account:
        """How it stands.

        Raises:
            RunNotFound: the run was deleted.
        """
        account = self._budgets.of(self._run_n)
        if account is None:
            raise RunNotFound(str(self._run_n))
        return account

    def close(self) -> None:
        """Let nothing new begin."""
        self._budgets.close(self._run_n)
