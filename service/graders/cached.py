"""Gradings by a model that are used again: the same answer, graded in the same way, is paid for once."""

import hashlib
import json
import logging
from collections.abc import Mapping, Sequence
from threading import Lock

from cachetools import LRUCache, cached
from pydantic import JsonValue

from service.answer import Answer
from service.errors import BudgetExceeded, StoreUnavailable
from service.graders import Grader
from service.grading import FROM_CACHE, Graded, Grading, GradingCache, Ungraded
from service.prompts import system_prompt
from service.replies import reply_schema
from service.rubric import Rubric

log = logging.getLogger(__name__)

CACHE_VERSION = "1"
"""Goes up whenever the same replies would be read to another grading, beside what prompts and schemas say."""


class CachedGrader:
    """Another grader's gradings, from the cache where it has them.

    `parameters` are all that a grading depends on beside the rubric, the answer and whose it is. Only whole gradings
    are kept: everything graded, and every request answered. A cache that is away costs a call, never the grading.
    """

    def __init__(self, inner: Grader, cache: GradingCache, parameters: Mapping[str, JsonValue]) -> None:
        self._inner = inner
        self._cache = cache
        self._parameters = dict(parameters)

    def prepare(self, rubric: Rubric) -> None:
        """Prepare the other grader."""
        self._inner.prepare(rubric)

    async def grade(self, rubric: Rubric, answer: Answer, only: Sequence[str] | None = None) -> Grading:
        """Grade, or give the grading there is.

        Raises:
            GraderUnavailable: nothing could be graded now.
        """
        key = grading_key(self._parameters, rubric, answer, only)
        if (known := await self._known(key, answer)) is not None:
            return known.model_copy(update={"usage": FROM_CACHE})
        grading = await self._inner.grade(rubric, answer, only)
        if is_whole(grading):
            await self._keep(key, answer, grading)
        return grading

    async def _known(self, key: bytes, answer: Answer) -> Grading | None:
        try:
            return await self._cache.get(key, answer.text.encode())
        except StoreUnavailable as error:
            log.warning("no grading could be looked up: %s", error)
            return None

    async def _keep(self, key: bytes, answer: Answer, grading: Grading) -> None:
        try:
            await self._cache.put(key, grading, answer.text.encode(), run_n=answer.scope.run_n)
        except StoreUnavailable as error:
            log.warning("a grading could not be kept: %s", error)


def grading_key(
    parameters: Mapping[str, JsonValue], rubric: Rubric, answer: Answer, only: Sequence[str] | None
) -> bytes:
    """SHA-256 over everything that a grading depends on; 32 bytes."""
    parts = {
        "version": CACHE_VERSION,
        "parameters": dict(parameters),
        "asked": _asked_digest(rubric),
        "rubric": rubric.digest,
        "only": None if only is None else sorted(only),
        "owner": answer.scope.owner,
        "answer": answer.sha256,
        "question": answer.question,
    }
    return hashlib.sha256(json.dumps(parts, sort_keys=True, separators=(",", ":")).encode()).digest()


def is_whole(grading: Grading) -> bool:
    """Whether a grading is as good as another try would be.

    Nothing is ungraded, no grader stood in, no request failed, and none was left out for want of money.
    """
    failed = any(exchange.failed is not None for record in grading.records for exchange in record.exchanges)
    missing = any(isinstance(item, Ungraded) for item in (*grading.criteria, *grading.red_flags))
    graded = any(isinstance(item, Graded) for item in grading.criteria) or bool(grading.red_flags)
    cut_short = any(notice.code == BudgetExceeded.code for notice in grading.warnings)
    return graded and not missing and not failed and not cut_short and grading.grader.degraded is None


@cached(LRUCache(maxsize=256), key=lambda rubric: rubric.digest, lock=Lock())
def _asked_digest(rubric: Rubric) -> str:
    """Of the words and the schema that a rubric is put to a model in, should they change under the same version."""
    schema = reply_schema(rubric, (*rubric.criterion_by_id, *rubric.red_flag_by_id))
    return hashlib.sha256(f"{system_prompt(rubric)}{json.dumps(schema, sort_keys=True)}".encode()).hexdigest()
