"""Whether a file holds answers, told from its beginning.

A transcript may be a table or JSON too. What has speakers and times and no field called an answer is left to the
transcripts, and so is whatever could be either.
"""

import codecs
import csv
import json
import re
from collections.abc import Collection

from service.answers.fields import find_layout, plain_name
from service.answers.table import DELIMITERS, choose_delimiter, split_line

_TURN_MARKS = frozenset(
    "speaker speaker_id speaker_name speaker_label role name start end start_time end_time start_ms end_ms begin from "
    "to time timestamp timecode offset duration turn segments words utterances monologues results confidence".split()
)
"""Fields that say of a `text` beside them that somebody said it."""

_NAMES = {
    "jsonl": (".jsonl", ".ndjson", ".jsonlines"),
    "json": (".json",),
    "table": (".csv", ".tsv", ".tab"),
}
_LINES_READ = 20
_LINE_END = re.compile(r"\r\n|\r|\n")  # `splitlines` would split at characters that may stand in JSON and in cells
_KEY = re.compile(r'"((?:[^"\\\n]|\\.){1,64})"\s*:')
_ANSWERS_ARRAY = re.compile(r'"answers"\s*:\s*\[')


def sniff_answers(head: bytes, *, name: str) -> str | None:
    """The format of a file of answers, one of FORMATS; None if it rather is a transcript or something else.

    `head` is its beginning, some 64 kB; the ending of `name` decides only where the content leaves two readings.
    """
    if head.startswith(b"PAR1"):
        return "parquet"
    text = _decoded(head)
    beginning = text.lstrip()[:1]
    if beginning == "{":
        return _sniff_objects(text, name)
    if beginning == "[":
        return _sniff_array(text)
    return _sniff_table(text, name)


def _decoded(head: bytes) -> str:
    if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return head.decode("utf-16", errors="replace")
    return head.removeprefix(codecs.BOM_UTF8).decode(errors="replace")


def _named(name: str, kind: str) -> bool:
    return name.lower().endswith(_NAMES[kind])


def _holds_answer(names: Collection[str]) -> bool:
    """Whether fields of these names hold an answer rather than a turn of a transcript."""
    layout = find_layout(list(names))
    if layout.answer is None:
        return False
    return plain_name(layout.answer) != "text" or not _TURN_MARKS.intersection(map(plain_name, names))


def _fields(text: str) -> Collection[str] | None:
    """The names of the fields of a JSON object; None if this is none."""
    try:
        value: object = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return value.keys() if isinstance(value, dict) else None


def _sniff_objects(text: str, name: str) -> str | None:
    lines = [line for line in _LINE_END.split(text) if line.strip()][:_LINES_READ]
    objects = [fields for line in lines if (fields := _fields(line)) is not None]
    if any(_holds_answer(fields) for fields in objects):
        return "jsonl"
    if objects and len(objects) > 1:
        return None
    if _ANSWERS_ARRAY.search(text):
        return "json"
    # One object that is longer than the head: only the names that can be seen are left to go by.
    cut_off = len(lines) == 1 and not objects
    return "jsonl" if cut_off and _named(name, "jsonl") and _holds_answer(_KEY.findall(text)) else None


def _sniff_array(text: str) -> str | None:
    start = text.find("[") + 1
    rest = text[start:].lstrip()
    if not rest.startswith("{"):
        return None
    try:
        first: object = json.JSONDecoder().raw_decode(rest)[0]
    except (ValueError, RecursionError):
        return "json" if _holds_answer(_KEY.findall(rest)) else None
    return "json" if isinstance(first, dict) and _holds_answer(first.keys()) else None


def _sniff_table(text: str, name: str) -> str | None:
    lines = [line for line in _LINE_END.split(text) if line.strip()][:_LINES_READ]
    if not lines:
        return None
    try:
        delimiter = choose_delimiter(lines[0], DELIMITERS["csv"])
        header, *rows = (split_line(line, delimiter) for line in lines)
    except csv.Error:
        return None
    if not _holds_answer(header) or not all(len(cell) <= 64 for cell in header):
        return None
    # A sentence may begin with "Answer, ..."; a table goes on with as many cells, or is called one.
    alike = len(header) > 1 and any(len(row) == len(header) for row in rows)
    if not alike and not _named(name, "table"):
        return None
    return "tsv" if delimiter == "\t" else "csv"
