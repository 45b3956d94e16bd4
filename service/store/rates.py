"""Rates that all workers of one database share, as a queue for places in time.

Each call books the next free moment (the generic cell rate algorithm, without a burst: ITU-T I.371), which is one
UPDATE: no worker has to know of the others, and none waits for a lock longer than that.
"""

import time

import sqlalchemy as sa

from service.store.database import Database
from service.store.runs import insert_or_ignore
from service.store.schema import rates

_IMPOSSIBLE_S = 86_400.0


class Rates:
    """Books moments under names."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def book(self, name: str, seconds: float) -> float:
        """Book the next free moment under a name, and `seconds` from it on; returns how long to wait for it."""
        now = self._now()
        # Nobody books so far ahead: the clock was set back.
        ahead_of_us = sa.and_(rates.c.next_at > now, rates.c.next_at < now + _IMPOSSIBLE_S)
        free = sa.case((ahead_of_us, rates.c.next_at), else_=now)
        booked = (
            sa.update(rates).where(rates.c.name == name).values(next_at=free + seconds).returning(rates.c.next_at - now)
        )
        with self._database.writing() as connection:
            ahead = connection.scalar(booked)
            if ahead is None:
                connection.execute(insert_or_ignore(self._database, rates).values(name=name, next_at=0.0))
                ahead = connection.scalar(booked)
        assert ahead is not None  # noqa: S101 - the row is there now
        return max(0.0, float(ahead) - seconds)

    def adjust(self, name: str, seconds: float) -> None:
        """Make the bookings under a name longer, or shorter, after the fact."""
        if seconds:
            with self._database.writing() as connection:
                connection.execute(
                    sa.update(rates).where(rates.c.name == name).values(next_at=rates.c.next_at + seconds)
                )

    def _now(self) -> "sa.ColumnElement[float]":
        """The database's own clock where hosts may differ."""
        if self._database.path is not None:
            return sa.literal(time.time(), sa.Double)
        return sa.cast(sa.extract("epoch", sa.func.clock_timestamp()), sa.Double)
