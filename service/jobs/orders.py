"""From inputs and options to a run: its id, its specification, and its answers still to be read."""

from collections.abc import Sequence
from typing import Literal, NamedTuple

from service.batch.inputs import Input, Reader
from service.batch.rubrics import RubricChoice
from service.batch.spec import RunSpec, run_id
from service.jobs.chunks import grader_spec_of
from service.rubric import Catalog, Rubric
from service.settings import Settings


class Order(NamedTuple):
    """A run that is asked for."""

    id: str
    spec: RunSpec
    reader: Reader


class Webhook(NamedTuple):
    """Where to tell that a run has finished, and the secret to sign with."""

    url: str
    secret: str


def order_for(
    settings: Settings,
    catalog: Catalog,
    inputs: Sequence[Input],
    *,
    rubric: Rubric | None = None,
    speaker: str | None = None,
    owner: str = "",
    offset_unit: Literal["codepoint", "utf16"] = "codepoint",
    on_model_failure: Literal["error", "fallback"] | None = None,
    webhook: Webhook | None = None,
) -> Order:
    """The run that grades these inputs so; `rubric` is for every answer that names none.

    Raises:
        RubricInvalid: a rubric's file is broken.
    """
    rubrics = {each.id: each for each in catalog.all()}
    known = {**{each.id: each.digest for each in rubrics.values()}, **({rubric.id: rubric.digest} if rubric else {})}
    spec = RunSpec(
        grader=grader_spec_of(settings),
        names=tuple(each.name for each in inputs),
        rubrics=known,
        on_model_failure=on_model_failure or settings.on_model_failure,
        offset_unit=offset_unit,
        max_answer_bytes=settings.max_answer_bytes,
        interviews=any(each.kind == "transcript" for each in inputs),
        speaker=speaker,
        webhook_url=webhook.url if webhook else None,
        webhook_secret=webhook.secret if webhook else None,
    )
    digests = [f"{each.format}:{each.sha256()}" for each in inputs]
    # A file's name stands in the results, as the place each came from.
    identity = run_id(owner, spec, digests, [*spec.names, rubric.id if rubric else None])
    reader = Reader(inputs, RubricChoice(rubrics, rubric), settings.max_answer_bytes, speaker)
    return Order(identity, spec, reader)
