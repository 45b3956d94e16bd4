"""Erasing what candidates said from a run: what is left are figures, ids and digests."""

import json
import zlib
from collections.abc import Callable

from service.batch.grading import verdict_context
from service.grading import Notice
from service.store import Run, Store
from service.store.erasing import ErasedText, StoredText
from service.store.packing import pack, unpack
from service.submission import Fault, Source, Submission
from service.verdict import Coaching, Review, Verdict

TEXT_ERASED = "text-erased"
"""The code of what says that a text is gone."""

_AT_ONCE = 500
_DAMAGED = "The verdict was damaged, and was erased with what was said."
_MESSAGE = "What was said, and all that quotes it, was erased after the time it is kept for."


def erase_run(store: Store, run: Run, *, give_up: Callable[[], bool] = lambda: False) -> int:
    """Erase the text of a run that nobody works at; returns of how many answers.

    May be broken off at any time and done again; `give_up` is asked now and then.
    """
    # Whom to grade in an interview is named there; its digest, the run's id, stays.
    store.erasing.begin(run, spec=json.dumps(json.loads(run.spec) | {"speaker": None}))
    first = count = 0
    while texts := store.erasing.texts(run, first, _AT_ONCE):
        erased = [each for text in texts if (each := _erased(store, text)) is not None]
        store.erasing.replace(run, erased)
        count += len(erased)
        if give_up():
            return count
        first = texts[-1].ordinal + 1
    store.erasing.end(run)
    return count


def is_erased(submission: Submission) -> bool:
    """Whether the text of an answer was erased."""
    return submission.error is not None and submission.error.code == TEXT_ERASED


def without_text(verdict: Verdict) -> Verdict:
    """The levels, flags and scores of a verdict, and nothing that a candidate said or that could quote it."""
    return verdict.model_copy(
        update={
            "metadata": {},
            "criteria": tuple(
                item.model_copy(update={"evidence": (), "reason": "", "not_higher": None, "advice": None})
                for item in verdict.criteria
            ),
            "red_flags": tuple(
                item.model_copy(update={"evidence": (), "reason": None if item.reason is None else ""})
                for item in verdict.red_flags
            ),
            "coaching": Coaching(
                summary="",
                strengths=(),
                next_steps=tuple(step.model_copy(update={"advice": ""}) for step in verdict.coaching.next_steps),
            ),
            "review": Review(needed=verdict.review.needed, why=()),
            "warnings": (
                *(Notice(code=notice.code, message="") for notice in verdict.warnings),
                Notice(code=TEXT_ERASED, message=_MESSAGE),
            ),
        }
    )


def _erased(store: Store, text: StoredText) -> ErasedText | None:
    """What is to be kept at one place; None where that is done."""
    submission = Submission(**(json.loads(unpack(text.answer)) | {"id": text.id}))
    if is_erased(submission):
        return None
    source = Source(file=submission.source.file, line=submission.source.line, turns=submission.source.turns)
    kept = Submission(
        id=text.id, source=source, rubric=submission.rubric, error=Fault(code=TEXT_ERASED, message=_MESSAGE)
    )
    erased = pack(kept.model_dump_json(exclude={"id"}).encode())
    try:
        return ErasedText(text.ordinal, erased, _result(store, text, submission.answer))
    except zlib.error:  # a verdict that is damaged must not keep the text of this run, and of all younger ones
        fault = Fault(code=TEXT_ERASED, message=_DAMAGED)
        return ErasedText(text.ordinal, erased, pack(fault.model_dump_json().encode()), failure=fault.code)


def _result(store: Store, text: StoredText, answer: str | None) -> bytes | None:
    if text.result is None or text.status == "failed" or text.rubric_digest is None or answer is None:
        return None  # a fault holds no text
    context = verdict_context(store.submissions.rubric(text.rubric_digest), answer)
    verdict = Verdict.model_validate_json(unpack(text.result, context))
    return pack(without_text(verdict).model_dump_json().encode())
