"""Everything kept between processes: runs, their answers and results, and the rates and budgets of workers.

SQLite and PostgreSQL through one set of tables; the engine of `service.jobs` keeps the order of work in the same
database.
"""

from service.store.budgets import Budgets, RunLedger
from service.store.database import Database, SessionLock, default_url, exists
from service.store.erasing import Erasing
from service.store.gradings import Gradings, Records
from service.store.rates import Rates
from service.store.results import Bill, ResultLine, Results, StoredResult, Tally
from service.store.runs import Requests, Run, Runs, RunState
from service.store.submissions import StoredAnswer, StoredRubric, Submissions

__all__ = [
    "Bill",
    "Budgets",
    "Database",
    "Erasing",
    "Gradings",
    "Rates",
    "Records",
    "Requests",
    "ResultLine",
    "Results",
    "Run",
    "RunLedger",
    "RunState",
    "Runs",
    "SessionLock",
    "Store",
    "StoredAnswer",
    "StoredResult",
    "StoredRubric",
    "Submissions",
    "Tally",
    "default_url",
    "open_existing",
    "open_store",
]


class Store:
    """One database, by what it holds."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.runs = Runs(database)
        self.requests = Requests(database)
        self.submissions = Submissions(database)
        self.results = Results(database)
        self.erasing = Erasing(database)
        self.gradings = Gradings(database)
        self.records = Records(database)
        self.rates = Rates(database)
        self.budgets = Budgets(database)

    def close(self) -> None:
        """Give the connections back."""
        self.database.close()


def open_existing(url: str) -> Store | None:
    """Open a database as `open_store` does, but make no file: None where there is none."""
    return open_store(url) if exists(url) else None


def open_store(url: str) -> Store:
    """Open a database by its URL, creating the file and the tables where they are missing.

    Raises:
        StoreUnavailable: the database cannot be opened, or is of a newer version of this program.
    """
    database = Database(url)
    try:
        database.migrate()
    except BaseException:
        database.close()
        raise
    return Store(database)
