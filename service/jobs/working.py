"""Opens what runs need, and closes it again."""

import contextlib
from collections.abc import Iterator

from service.batch.regrading import Regrader
from service.batch.spec import RunSpec
from service.errors import SettingsInvalid
from service.graders.replay import Tape
from service.jobs.chunks import grader_spec_of, settings_with
from service.jobs.control import Control
from service.jobs.desk import Desk, check_read
from service.jobs.engine import Engine
from service.jobs.retention import repeating
from service.settings import Settings
from service.store import Run
from service.wiring import build_evaluator, build_replaying_evaluator, open_store


@contextlib.contextmanager
def desk_of(settings: Settings, *, erase: bool = False) -> Iterator[Desk]:
    """The runs of the database; with `erase`, what is older than it may be is erased first.

    Raises:
        StoreUnavailable: the database cannot be opened.
    """
    store = open_store(settings)
    try:
        with contextlib.closing(Control(store.database)) as control:
            desk = Desk(store, control)
            if erase and settings.retention_days is not None:
                desk.erase(older_than_days=settings.retention_days)
            yield desk
    finally:
        store.close()


@contextlib.contextmanager
def working(desk: Desk, settings: Settings, *, grace_s: int = 5) -> Iterator[Engine]:
    """An engine in this process that works at the runs of a desk, its own and all others.

    Raises:
        SettingsInvalid: the model of the settings cannot be asked.
    """
    engine = Engine(desk.store, desk.control, settings)
    engine.start()
    try:
        with _erasing(desk, settings):
            yield engine
    except BaseException:
        grace_s = 0
        raise
    finally:
        engine.stop(grace_s=grace_s)


def _erasing(desk: Desk, settings: Settings) -> contextlib.AbstractContextManager[None]:
    days = settings.retention_days
    if days is None:
        return contextlib.nullcontext()
    return repeating(lambda give_up: desk.erase(older_than_days=days, give_up=give_up))


def settings_for(settings: Settings, run: Run) -> Settings:
    """The settings of this process with the grader of a run, so that an engine with them can do it.

    Raises:
        SettingsInvalid: its model cannot be asked, or another version of this program made the run.
    """
    spec = RunSpec.model_validate_json(run.spec)
    own = settings_with(settings, spec)
    if grader_spec_of(own).queue != spec.grader.queue:
        raise SettingsInvalid(
            f"Another version of this program made run {run.id}, and would grade it otherwise. Run its command again: "
            "that is a new run, which takes over what it can."
        )
    if own.model is not None and run.state != "finished":
        build_evaluator(own)
    return own


def regrader_for(desk: Desk, settings: Settings, run: Run) -> Regrader:
    """What grades a run again from what is stored, by the run's own grader and without a model.

    Raises:
        AnswersInvalid: its answers were not all read.
    """
    check_read(run)
    spec = RunSpec.model_validate_json(run.spec)
    own = settings_with(settings, spec)
    tape = Tape()
    same_version = grader_spec_of(own) == spec.grader
    return Regrader(desk.store, run, build_replaying_evaluator(own, tape), tape, same_version=same_version)
