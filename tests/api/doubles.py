"""A grader that says what it is told to, and a client of an app that has it."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

import httpx

from service.answer import Answer
from service.api import build_app
from service.evaluator import Evaluator
from service.grading import Evidence, FlagGraded, Graded, GraderInfo, Grading, Ungraded
from service.rubric import Catalog, Rubric
from service.settings import Settings

RUBRIC = "rag-vs-fine-tuning"
ANSWER = "Prompting first 🙂 because it is cheap."
KEY = "key-of-the-tests-0001"
BODY = {"rubric": RUBRIC, "answer": ANSWER}
_CATALOG = Catalog()  # reads a file once, however many apps there are


class ScriptedGrader:
    """Grades every criterion at level 1 by the answer's last word, unless told to fail or to leave some out."""

    def __init__(self, *failures: Exception, ungraded: Sequence[str] = (), opened: asyncio.Event | None = None) -> None:
        self.failures = list(failures)
        self.ungraded = ungraded
        self.asked = asyncio.Event()
        self.opened = opened
        self.answers: list[Answer] = []
        self.prepared: list[str] = []

    def prepare(self, rubric: Rubric) -> None:
        """Remember which rubrics were made ready."""
        self.prepared.append(rubric.id)

    async def grade(self, rubric: Rubric, answer: Answer, only: Sequence[str] | None = None) -> Grading:
        """Grade, or fail as long as failures are left."""
        assert only is None
        self.answers.append(answer)
        self.asked.set()
        if self.opened:
            await self.opened.wait()
        if self.failures:
            raise self.failures.pop(0)
        start = len(answer.text.rstrip(".").rpartition(" ")[0]) + 1
        said = Evidence(quote=answer.text[start:], start=start, end=len(answer.text))
        return Grading(
            grader=GraderInfo(kind="keyword"),
            criteria=tuple(
                Ungraded(id=criterion.id, reason="left out")
                if criterion.id in self.ungraded
                else Graded(
                    id=criterion.id, level=1, basis="supported", evidence=(said,), reason="said", not_higher="why"
                )
                for criterion in rubric.criteria
            ),
            red_flags=tuple(FlagGraded(id=flag.id, present=False) for flag in rubric.red_flags),
        )


def evaluator_of(grader: ScriptedGrader, **options: Any) -> Evaluator:
    """An evaluator of the rubrics that come with the service."""
    return Evaluator(catalog=_CATALOG, grader=grader, **options)


@asynccontextmanager
async def calling(
    grader: ScriptedGrader | None = None, *, evaluator: Evaluator | None = None, **settings: Any
) -> AsyncIterator[httpx.AsyncClient]:
    """A client of an app with that grader and those settings; what the app raises, the test sees."""
    app = build_app(Settings(**settings), evaluator or evaluator_of(grader or ScriptedGrader()))
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://localhost") as client:
        yield client


def check_problem(reply: httpx.Response, status: int, code: str) -> dict[str, Any]:
    """The members of a problem, which must be whole."""
    problem: dict[str, Any] = reply.json()
    assert (reply.status_code, problem["code"]) == (status, code)
    assert reply.headers["content-type"] == "application/problem+json"
    assert problem["type"] == "about:blank"
    assert problem["status"] == status
    assert problem["title"]
    assert problem["detail"]
    assert problem["request_id"] == reply.headers["x-request-id"]
    return problem
