"""Receives what is to be graded into temporary files: JSON, a form with files, or one file as the body itself."""

import contextlib
import errno
import json
import tempfile
from collections.abc import AsyncGenerator, AsyncIterator, Iterator
from pathlib import PurePosixPath
from typing import BinaryIO, NamedTuple

from pydantic import JsonValue
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import Headers, UploadFile
from starlette.formparsers import MultiPartException, MultiPartParser
from starlette.requests import Request

from service.api.batch_requests import (
    FORM_FIELDS,
    QUERY_FIELDS,
    BatchOptions,
    UploadOptions,
    parse_options,
    parse_upload_options,
)
from service.api.limits import too_large
from service.api.members import split_members
from service.api.problems import FieldError, Refusal
from service.api.requests import check_not_encoded, is_json, media_type_of, not_json
from service.text.controls import printable

MAX_JSON_BYTES = 64_000_000
MAX_FILES = 100

RAW_TYPES = {
    "application/jsonl": "jsonl",
    "application/jsonlines": "jsonl",
    "application/x-jsonlines": "jsonl",
    "application/ndjson": "jsonl",
    "application/x-ndjson": "jsonl",
    "text/csv": "csv",
    "text/tab-separated-values": "tsv",
    "application/vnd.apache.parquet": "parquet",
    "text/vtt": None,
    "text/srt": None,
    "application/x-subrip": None,
    "text/plain": None,
    "text/markdown": None,
    "application/octet-stream": None,
    "application/x-www-form-urlencoded": None,  # what curl says of any `--data-binary`
}
"""Types of a file sent as the body, with the format they say; None is told from the content."""

_IN_MEMORY = 1_000_000
_MAX_FIELDS = 20
_MAX_FIELD_BYTES = 16_384
_MAX_OPTION = 16_384
_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}


class UploadedFile(NamedTuple):
    """A file as it came in; `format` None is to be told from its content, `is_answers` where it cannot be a transcript.

    `name` is the client's, of visible characters, without folders.
    """

    name: str
    content: BinaryIO
    format: str | None
    is_answers: bool = False


class Upload(NamedTuple):
    """What is to be graded, and how."""

    files: tuple[UploadedFile, ...]
    options: BatchOptions
    speaker: str | None = None


@contextlib.asynccontextmanager
async def received(request: Request) -> AsyncIterator[Upload]:
    """Receive the body, and keep it until the context ends; raises `Refusal`."""
    media_type = media_type_of(request.headers)
    check_not_encoded(request.headers)
    async with contextlib.AsyncExitStack() as stack:
        if media_type == "multipart/form-data":
            yield await _receive_form(request, stack)
        elif is_json(media_type):
            yield await _receive_json(request, stack)
        elif media_type in RAW_TYPES:
            yield await _receive_raw(request, stack, media_type)
        else:
            raise Refusal(
                415,
                "media-type-unknown",
                "Send application/json, a form (multipart/form-data) with one or more `file` parts, or one file as "
                f"the body, as one of: {', '.join(RAW_TYPES)}.",
            )


async def _receive_json(request: Request, stack: contextlib.AsyncExitStack) -> Upload:
    _check_no_query(request)
    content = await _receive_body(request, stack, limit=MAX_JSON_BYTES)
    answers, options = await run_in_threadpool(_take_apart, content)
    kept = stack.enter_context(_new_file())
    await run_in_threadpool(_write, kept, answers)
    kept.seek(0)
    return Upload((UploadedFile("answers", kept, "json", is_answers=True),), options)


def _take_apart(content: BinaryIO) -> tuple[bytes, BatchOptions]:
    """The text of the array of answers, and the options beside it."""
    try:
        text = content.read().decode("utf-8-sig")
    except UnicodeDecodeError:
        raise Refusal(400, "not-json", not_json("it is not valid UTF-8")) from None
    options: dict[str, JsonValue] = {}
    answers: bytes | None = None
    for name, written in split_members(text):
        if name in options or (name == "answers" and answers is not None):
            raise _invalid(name, "it is given twice")
        if name != "answers":
            options[name] = _option(name, written)
        elif not written.startswith("["):
            raise _invalid("answers", 'it must be an array of objects such as {"id": "...", "answer": "..."}')
        else:
            answers = written.encode()
    parsed = parse_options(options)
    if answers is None:
        raise _invalid("answers", "this field is required")
    return answers, parsed


def _option(name: str, written: str) -> JsonValue:
    if len(written) > _MAX_OPTION:
        raise _invalid(name, f"it is longer than {_MAX_OPTION:,} characters")
    try:
        option: JsonValue = json.loads(written)
    except (ValueError, RecursionError):
        raise Refusal(400, "not-json", not_json(f"the value of {name[:100]!r} is none")) from None
    return option


async def _receive_raw(request: Request, stack: contextlib.AsyncExitStack, media_type: str) -> Upload:
    options = parse_upload_options(request.query_params.multi_items(), known=QUERY_FIELDS, what="query")
    content = await _receive_body(request, stack)
    told = options.format or RAW_TYPES[media_type]
    return _upload([UploadedFile(_plain_name(options.filename or "body"), content, told)], options)


async def _receive_form(request: Request, stack: contextlib.AsyncExitStack) -> Upload:
    _check_no_query(request)
    try:
        with _told_if_full():
            form = await _WholeForm(request.headers, request.stream()).parse()
    except MultiPartException as error:
        raise Refusal(400, "not-a-form", f"The form cannot be read: {error.message.rstrip('.')}.") from None
    stack.push_async_callback(form.close)
    fields = [(name, value) for name, value in form.multi_items() if isinstance(value, str)]
    if any(name == "file" for name, _ in fields):
        raise _invalid("file", "it has no file name; send it as a file, as `curl -F file=@NAME` does")
    options = parse_upload_options(fields, known=FORM_FIELDS, what="form")
    files = []
    for name, part in form.multi_items():
        if not isinstance(part, UploadFile):
            continue
        if name != "file":
            raise _invalid(name[:100], "files are sent in parts called `file`")
        files.append(UploadedFile(_plain_name(part.filename or "file"), part.file, options.format))
    if not files:
        raise _invalid("file", "this field is required")
    return _upload(files, options)


class _WholeForm(MultiPartParser):
    """Refuses a form that does not come to its end: a file that is cut off would be left out without a word."""

    spool_max_size = 65_536  # for each of the files

    def __init__(self, headers: Headers, stream: AsyncGenerator[bytes, None]) -> None:
        super().__init__(
            headers,
            self._to_the_end(stream),
            max_files=MAX_FILES,
            max_fields=_MAX_FIELDS,
            max_part_size=_MAX_FIELD_BYTES,
        )
        self._ended = False

    def on_end(self) -> None:
        self._ended = True

    async def _to_the_end(self, stream: AsyncGenerator[bytes, None]) -> AsyncGenerator[bytes, None]:
        async for part in stream:
            yield part
        if not self._ended:
            raise MultiPartException("It ends before its last boundary.")


def _upload(files: list[UploadedFile], options: UploadOptions) -> Upload:
    return Upload(tuple(files), options, options.speaker)


async def _receive_body(request: Request, stack: contextlib.AsyncExitStack, *, limit: int | None = None) -> BinaryIO:
    """The body in memory or, if it is long, in a file without a name."""
    kept = stack.enter_context(_new_file())
    parts: list[bytes] = []
    held = total = 0
    async for part in request.stream():
        parts.append(part)
        held, total = held + len(part), total + len(part)
        if limit is not None and total > limit:
            advice = "send it in parts, or as a file of JSON lines"
            raise too_large(limit, advice, {"Connection": "close"})
        if held >= _IN_MEMORY:
            await run_in_threadpool(_write, kept, b"".join(parts))
            parts, held = [], 0
    await run_in_threadpool(_write, kept, b"".join(parts))
    kept.seek(0)
    return kept


def _new_file() -> BinaryIO:
    return tempfile.SpooledTemporaryFile(_IN_MEMORY)  # type: ignore[return-value]  # it has every method of one


def _write(file: BinaryIO, content: bytes) -> None:
    with _told_if_full():
        file.write(content)


@contextlib.contextmanager
def _told_if_full() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        if error.errno not in _FULL:
            raise
        raise Refusal(503, "disk-full", "The service has no room to receive it; try again later.") from None


def _check_no_query(request: Request) -> None:
    if request.query_params:
        name = next(iter(request.query_params))[:100]
        raise _invalid(name, "options stand in the body, not in the address, unless the body is a file")


def _plain_name(name: str) -> str:
    """What a client calls a file, fit to be shown, and without folders."""
    shown = printable(PurePosixPath(name.replace("\\", "/")).name).encode(errors="replace").decode().strip()
    return shown[:200] or "file"


def _invalid(field: str, message: str) -> Refusal:
    return Refusal(
        422,
        "not-valid",
        f"The body is not a valid request: {field[:100]}: {message}.",
        errors=(FieldError(field=field[:100], message=message),),
    )
