"""From what was received to a batch: a new one, or the one that the same request made before."""

import hashlib
import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, NamedTuple

from pydantic import SecretStr

from service.api.batch_desk import BatchDesk
from service.api.batch_requests import WebhookOptions
from service.api.batch_view import Batch, FileWarning, NewWebhook, view_of
from service.api.problems import FieldError, Refusal
from service.api.uploads import Upload, UploadedFile
from service.errors import RubricNotFound, RunNotFound, SettingsInvalid
from service.rubric import Catalog, Rubric
from service.settings import Settings
from service.wiring import check_price

if TYPE_CHECKING:
    from service.batch.inputs import Input
    from service.jobs import Desk, Order
    from service.store import Run


class Sender(NamedTuple):
    """Who sends: the owner of the batch, the `Idempotency-Key` if there is one, and the path of the service."""

    owner: str
    key: str | None
    root: str


class Accepted(NamedTuple):
    """A batch, and whether the same key made it before."""

    batch: Batch
    replayed: bool


class Submitting:
    """Makes batches; everything here waits, for files and for the database."""

    def __init__(self, settings: Settings, catalog: Catalog, desk: BatchDesk) -> None:
        self._settings = settings
        self._catalog = catalog
        self._desk = desk

    async def submit(self, upload: Upload, rubrics: Mapping[str, Rubric], sender: Sender) -> Accepted:
        """Have what was received graded.

        Raises:
            AnswersInvalid, TranscriptInvalid, SpeakerUnclear: it is wrong as a whole; nothing is kept of it.
            RubricNotFound, WebhookInvalid: an option is wrong.
            StoreUnavailable: the database is away.
        """
        return await self._desk.load(lambda desk: self._submit(desk, upload, rubrics, sender))

    def _submit(self, desk: "Desk", upload: Upload, rubrics: Mapping[str, Rubric], sender: Sender) -> Accepted:
        options = upload.options
        rubric = _rubric(rubrics, options.rubric)
        inputs = [_input(file) for file in upload.files]
        if options.webhook is not None:
            self._check_webhook(options.webhook)
        budget = self._budget(options.budget_usd)
        order = self._order(inputs, upload, rubric, sender.owner)
        spec, secret = order.spec, None
        if options.webhook is not None and options.webhook.secret is None:
            from service.webhooks import new_secret  # noqa: PLC0415 - loads an HTTP client, which few requests need

            # After the id is told from the rest: the same request sent twice is the same batch.
            secret = new_secret()
            spec = spec.model_copy(update={"webhook_secret": secret})
        with self._desk.turn(order.id):
            known = self._remembered(desk, order, inputs, upload, sender)
            if known is not None:
                return Accepted(view_of(desk, known, root=sender.root), replayed=True)
            submitted = desk.submit(order.id, spec, order.reader, owner=sender.owner, budget_usd=budget)
        warnings = [
            FileWarning(file=name, code=notice.code, message=notice.message) for name, notice in order.reader.notices
        ]
        batch = view_of(desk, submitted.run, root=sender.root, warnings=warnings)
        if secret is not None and submitted.new:
            batch = batch.model_copy(update={"webhook": NewWebhook(secret=secret)})
        return Accepted(batch, replayed=False)

    def _order(self, inputs: "list[Input]", upload: Upload, rubric: Rubric | None, owner: str) -> "Order":
        from service.jobs import Webhook, order_for  # noqa: PLC0415 - loads the database and the engine

        options = upload.options
        webhook = None
        if options.webhook is not None:
            secret = options.webhook.secret
            webhook = Webhook(options.webhook.url, secret.get_secret_value() if secret else "")
        return order_for(
            self._settings,
            self._catalog,
            inputs,
            rubric=rubric,
            speaker=upload.speaker,
            owner=owner,
            offset_unit=options.offset_unit,
            on_model_failure=options.on_model_failure,
            webhook=webhook,
        )

    def _budget(self, asked_usd: float | None) -> float | None:
        """What a batch may cost: what was asked for, and not more than the settings allow."""
        if asked_usd is None or self._settings.model is None:
            return self._settings.budget_usd
        from service.jobs.chunks import grader_spec_of  # noqa: PLC0415 - loads the database and the engine

        try:
            for model in grader_spec_of(self._settings).models:
                check_price(self._settings, model)
        except SettingsInvalid:
            detail = "The service does not know what its model costs, so it cannot keep to a budget."
            raise Refusal(422, "price-unknown", detail) from None
        own = self._settings.budget_usd
        return asked_usd if own is None else min(asked_usd, own)

    def _check_webhook(self, webhook: WebhookOptions) -> None:
        from service.webhooks import check_secret, check_url  # noqa: PLC0415 - loads an HTTP client

        check_url(webhook.url, allow_private=self._settings.webhooks_allow_private)
        if webhook.secret is not None:
            check_secret(webhook.secret)

    def _remembered(
        self, desk: "Desk", order: "Order", inputs: "list[Input]", upload: Upload, sender: Sender
    ) -> "Run | None":
        """The run that the key made before; without a key, or where that run is not whole, there is none."""
        if sender.key is None:
            return None
        digest = _payload_digest(inputs, upload)
        first, run_id = desk.store.requests.remember(sender.owner, sender.key, digest, order.id)
        if first != digest:
            raise Refusal(
                409,
                "idempotency-mismatch",
                "This Idempotency-Key came with another payload; use a new key for a new request.",
            )
        try:
            run = desk.get(run_id, owner=sender.owner)
        except RunNotFound:
            return None  # noted just now, or by a process that died before it had more than the key
        # One that is loading may have lost its process; taking its answers in once more does no harm.
        return None if run.state == "loading" else run


def _rubric(rubrics: Mapping[str, Rubric], rubric_id: str | None) -> Rubric | None:
    if rubric_id is not None and rubric_id not in rubrics:
        raise RubricNotFound(rubric_id, tuple(rubrics))
    return None if rubric_id is None else rubrics[rubric_id]


def _input(file: UploadedFile) -> "Input":
    from service.batch.inputs import FORMATS, Input  # noqa: PLC0415 - loads every reader

    if file.format is not None and file.format not in FORMATS:
        message = f"there is no such format; these exist: {', '.join(FORMATS)}"
        detail = f"The request is not valid: format: {message}."
        raise Refusal(422, "not-valid", detail, errors=(FieldError(field="format", message=message),))
    content = Input(file.name, file.content, file.format)
    if file.is_answers:
        # An array of anything: its first element may look like a turn of a transcript, or be broken.
        content.kind, content.format = "answers", file.format
    return content


def _payload_digest(inputs: "list[Input]", upload: Upload) -> str:
    """What tells one payload from another: the files and the options, whatever the service makes of them by now."""
    options = upload.options.model_dump(mode="json", exclude={"webhook"})
    webhook = upload.options.webhook
    if webhook is not None:
        options["webhook"] = [webhook.url, _revealed(webhook.secret)]
    files = [[each.name, each.format, each.sha256()] for each in inputs]
    content = json.dumps([options, files], sort_keys=True)
    return hashlib.sha256(content.encode()).hexdigest()


def _revealed(secret: SecretStr | None) -> str | None:
    return None if secret is None else secret.get_secret_value()
