"""What the routes share, built once with the app."""

from collections.abc import Mapping
from dataclasses import dataclass

from starlette.applications import Starlette
from starlette.requests import Request

from service.api.batch_desk import BatchDesk
from service.api.idempotency import Replays
from service.api.metrics import Metrics
from service.api.submitting import Submitting
from service.errors import RubricNotFound
from service.evaluator import Evaluator
from service.rubric import Rubric


@dataclass(frozen=True, slots=True)
class ServiceState:
    """The evaluator with everything around it; `model` is None where the keyword grader grades."""

    evaluator: Evaluator
    rubrics: Mapping[str, Rubric]
    model: str | None
    metrics: Metrics
    replays: Replays
    desk: BatchDesk
    submitting: Submitting

    def rubric(self, rubric_id: str) -> Rubric:
        """A rubric that was there at the start.

        Raises:
            RubricNotFound: there was none of that id.
        """
        if rubric_id not in self.rubrics:
            raise RubricNotFound(rubric_id, tuple(self.rubrics))
        return self.rubrics[rubric_id]


def attach_state(app: Starlette, state: ServiceState) -> None:
    """Give an app its state."""
    app.state.service = state


def state_of(request: Request) -> ServiceState:
    """The state of the app that serves a request."""
    state = request.app.state.service
    assert isinstance(state, ServiceState)  # noqa: S101 - narrows an attribute of anything
    return state
