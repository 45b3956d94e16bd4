"""Structured logs that hold no personal data: what became of a request, never what was in it."""

import logging
import sys
import traceback
from collections.abc import Mapping
from contextvars import ContextVar
from typing import Literal, TextIO

from pythonjsonlogger.core import RESERVED_ATTRS
from pythonjsonlogger.json import JsonFormatter

request_id: ContextVar[str | None] = ContextVar("request_id", default=None)
"""The request being served, for whatever is logged on its behalf."""

_ACCESS = logging.getLogger("service.access")

# Their lines below warning hold addresses and settings.
_QUIET = ("aiohttp", "asyncio", "httpcore", "httpx", "openai", "urllib3")
# Its own reports of a failure may quote the prompt; `service` reports the failure itself.
_SILENT = ("LiteLLM", "LiteLLM Proxy", "LiteLLM Router", "litellm")

_TEXT_FIELDS = (
    *("request_id", "method", "route", "status", "ms", "code", "reason"),
    *("rubric", "grader", "verdict", "replayed"),
)

ExceptionInfo = tuple[type[BaseException] | None, BaseException | None, object]


def configure_logging(level: str, log_format: Literal["json", "text"]) -> None:
    """Send everything from `level` up to stderr, a line each; a second call replaces the first."""
    root = logging.getLogger()
    for handler in [handler for handler in root.handlers if isinstance(handler, _StderrHandler)]:
        root.removeHandler(handler)
    handler = _StderrHandler(sys.stderr)
    handler.setFormatter(_json_lines() if log_format == "json" else _TextLines())
    handler.addFilter(_name_the_request)
    root.addHandler(handler)
    root.setLevel(level.upper())
    for name in _QUIET:
        logging.getLogger(name).setLevel(logging.WARNING)
    for name in _SILENT:
        logging.getLogger(name).setLevel(logging.CRITICAL)


def log_access(fields: Mapping[str, str | int | float | bool]) -> None:
    """Write the one line that every request leaves."""
    _ACCESS.info("request", extra=dict(fields))


def describe_exception(error: BaseException) -> str:
    """The kinds of an exception and its causes, each with the places it passed.

    Messages and values are left out: a library's message may quote what it was given, which may be the answer.
    """
    lines: list[str] = []
    seen: set[int] = set()
    cause: BaseException | None = error
    while cause is not None and id(cause) not in seen:
        seen.add(id(cause))
        lines.append(f"{'caused by ' if lines else ''}{type(cause).__module__}.{type(cause).__qualname__}")
        lines += [
            f"  at {frame.f_code.co_filename}:{line} in {frame.f_code.co_qualname}"
            for frame, line in traceback.walk_tb(cause.__traceback__)
        ]
        cause = cause.__cause__ or (None if cause.__suppress_context__ else cause.__context__)
    return "\n".join(lines)


class _StderrHandler(logging.StreamHandler[TextIO]):
    """The handler of `configure_logging`, told apart from anybody else's."""


class _TextLines(logging.Formatter):
    """Lines for a person."""

    def __init__(self) -> None:
        super().__init__("%(asctime)s %(levelname)s %(name)s: %(message)s")

    def format(self, record: logging.LogRecord) -> str:
        record.exc_text = None  # what another handler's formatter left there tells more
        line, *rest = super().format(record).split("\n")
        fields = {name: record.__dict__.get(name) for name in _TEXT_FIELDS}
        named = "".join(f" {name}={value}" for name, value in fields.items() if value is not None)
        return "\n".join((line + named, *rest))

    def formatException(self, ei: ExceptionInfo) -> str:  # noqa: N802 - the name of the standard library
        return describe_exception(ei[1]) if ei[1] else ""


class _JsonLines(JsonFormatter):
    """Lines for a machine."""

    def formatException(self, ei: ExceptionInfo) -> str:  # noqa: N802 - the name of the standard library
        return describe_exception(ei[1]) if ei[1] else ""


def _json_lines() -> logging.Formatter:
    return _JsonLines(
        ["levelname", "name", "message"],
        rename_fields={"levelname": "level", "name": "logger", "exc_info": "exception"},
        timestamp=True,
        # The server's lines once more, for a terminal, and a mark that litellm puts on every record.
        reserved_attrs=[*RESERVED_ATTRS, "color_message", "litellm_redacted"],
    )


def _name_the_request(record: logging.LogRecord) -> bool:
    current = request_id.get()
    if current is not None and not hasattr(record, "request_id"):
        record.request_id = current
    return True
