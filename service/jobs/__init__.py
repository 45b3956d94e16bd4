"""Runs that survive: the engine that orders the work, who of several processes is alive, and what callers may ask.

`Desk` is the door: submit, watch, cancel and delete runs. `Engine` does the work of all runs in a database for as long
as its process lives, beside any number of others.
"""

from service.jobs.control import Control
from service.jobs.desk import Desk, Progress, Submitted
from service.jobs.engine import Engine
from service.jobs.orders import Order, Webhook, order_for
from service.jobs.working import desk_of, regrader_for, settings_for, working

__all__ = [
    "Control",
    "Desk",
    "Engine",
    "Order",
    "Progress",
    "Submitted",
    "Webhook",
    "desk_of",
    "order_for",
    "regrader_for",
    "settings_for",
    "working",
]
