"""The way in: from the bytes of a file to its transcript, and whether a file is a transcript at all."""

import csv
import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import PurePath

from service.errors import TranscriptInvalid
from service.grading import Notice
from service.transcripts import plain, speech_json, subtitles, tables
from service.transcripts.captions import has_cues
from service.transcripts.decoding import MAX_CHARACTERS, decode, decode_head
from service.transcripts.jsontext import loads
from service.transcripts.model import Transcript
from service.transcripts.pieces import fold_name
from service.transcripts.rows import find_columns, has_answers

LINE_READERS: Mapping[str, Callable[[Sequence[str]], Transcript]] = {
    "text": plain.read_text,
    "vtt": subtitles.read_vtt,
    "srt": subtitles.read_srt,
    "sbv": subtitles.read_sbv,
    "csv": tables.read_csv,
    "jsonl": tables.read_jsonl,
}
FORMATS: tuple[str, ...] = (*LINE_READERS, *speech_json.READERS)
"""The names of the formats; `text` is Markdown too, `whisper` to `rev` are of speech recognisers, `json` is a list."""

_KEY = re.compile(r'"([^"\\\n]{1,40})"\s*:')
_HEAD = 200_000
_COUNTER = re.compile(r"\s*\d{1,9}\s*")


def parse_transcript(content: bytes, *, name: str = "", format: str | None = None) -> Transcript:  # noqa: A002 - as the flag
    """The transcript in a file; `name` is the file's, whose ending helps where the content leaves a doubt.

    Raises:
        TranscriptInvalid: The file is empty, too large, no text, or broken; the message says where and what to do.
        ValueError: `format` is none of `FORMATS`.
    """
    if format is not None and format not in FORMATS:
        raise ValueError(f"{format!r} is none of {', '.join(FORMATS)}")
    text, notices = decode(content)
    lines = text.split("\n")
    if lines[-1] == "":
        lines.pop()
    form = format or _format_of(text, lines, name)
    if form in LINE_READERS:
        if len(text) > MAX_CHARACTERS:
            raise TranscriptInvalid(
                f"The file has {len(text):,} characters, and a transcript read as {form} {MAX_CHARACTERS:,} at most. "
                "Give one conversation per file."
            )
        transcript = LINE_READERS[form](lines)
    else:
        value = loads(text)
        transcript = speech_json.READERS[form if format else speech_json.json_format(value)](value)
    return _with_notices(transcript, notices)


def sniff_transcript(head: bytes, *, name: str) -> str | None:
    """The format of the transcript that a file begins, or None where it may be something else, as a file of answers.

    `head` is the beginning of the file, some kilobytes at least, or all of it.
    """
    text = decode_head(head[:_HEAD])
    if text is None:
        return None
    lines = text.split("\n")
    form = _format_of(text, lines, name)
    if form in {"vtt", "srt", "sbv"}:
        return form
    if form == "csv":
        return "csv" if _is_turns(_first_row(lines), form) else None
    if form == "jsonl":
        first = next(line for line in lines if line.strip())
        return form if _is_turns(_KEY.findall(first), form) else None
    if form == "json":
        return _sniff_json(text)
    return form if _has_turns(lines) else None


def _format_of(text: str, lines: Sequence[str], name: str) -> str:  # noqa: PLR0911 - a format each
    """The format by content; by the name where the content could be two things."""
    ending = PurePath(name).suffix.lower().lstrip(".")
    start = text.lstrip("\ufeff \n\t")
    if start.startswith("WEBVTT") or (ending == "vtt" and has_cues(lines, commas=False)):
        return "vtt"
    if start[0] in "{[" and (found := _json_or_lines(start, lines, ending)):
        return found
    if ending in {"csv", "tsv"}:
        return "csv"
    if _begins_with_cue(lines, commas=False):
        return "srt" if ending == "srt" or _is_srt(lines) else "vtt"
    if _begins_with_cue(lines, commas=True):
        return "sbv"
    columns = find_columns(_first_row(lines))
    if columns.text and columns.speaker and len(_first_row(lines)) > 1:
        return "csv"
    return "text"


def _json_or_lines(start: str, lines: Sequence[str], ending: str) -> str | None:
    if start[0] == "[" and not re.match(r"\[\s*(?:[{\[\"\]]|-?\d[\d.]*\s*[,\]]|$)", start):
        return None  # `[00:01:02] Name: ...` or `[Name] ...`
    if re.match(r"\[\s*\d[\d:.,]*\s*\]", start) and ":" in start[:20]:
        return None
    whole = [line for line in lines if line.strip()][:2]
    if start[0] == "{" and (
        ending in {"jsonl", "ndjson"} or (len(whole) == 2 and all(re.match(r"\s*\{.*\}\s*$", line) for line in whole))
    ):
        return "jsonl"
    return "json"


def _begins_with_cue(lines: Sequence[str], *, commas: bool) -> bool:
    """Whether cue times are among the first lines with text, with nothing but a counter or a header before them.

    A Teams transcript pasted as text has such lines as well; there a name follows each.
    """
    first = [line for line in lines[:200] if line.strip()][:3]
    if not first or not has_cues(first[:2], commas=commas):
        return False
    if commas or _COUNTER.fullmatch(first[0]):
        return True
    return not plain.speakers(plain.content_lines(lines[:400])[0])


def _is_srt(lines: Sequence[str]) -> bool:
    first = [line for line in lines[:200] if line.strip()][:2]
    return bool(_COUNTER.fullmatch(first[0])) or any(re.search(r"\d,\d{3}\s*-->", line) for line in first)


def _first_row(lines: Sequence[str]) -> list[str]:
    first = next((line for line in lines if line.strip()), "")[:2000]
    try:
        row = next(csv.reader([first], delimiter=tables.find_delimiter([first])), [])
    except csv.Error:
        return []
    return [cell.strip("\ufeff \"'") for cell in row]


def _is_turns(names: Sequence[str], form: str) -> bool:
    columns = find_columns(names)
    table = [name.casefold() for name in names] == ["start", "end", "text"]
    return (
        not has_answers(names)
        and columns.text is not None
        and (columns.speaker is not None or (form == "csv" and table))
    )


def _sniff_json(text: str) -> str | None:
    """By the keys alone, since the end of the file may be missing."""
    keys = set(_KEY.findall(text))
    if has_answers(list(keys)):
        return None
    try:
        value = loads(text)
    except TranscriptInvalid:
        value = None
    if value is not None:
        form = speech_json.json_format(value)
        rows = speech_json.find_rows(value)
        named = rows is not None and any(isinstance(row, dict) and _is_turns(list(row), form) for row in rows[:20])
        return form if form != "json" or named else None
    for form, needed in _TELLING:
        if needed <= keys:
            return form
    return "json" if _is_turns(list(keys), "json") else None


_TELLING: tuple[tuple[str, set[str]], ...] = (
    ("rev", {"monologues", "elements"}),
    ("deepgram", {"results", "channels", "alternatives"}),
    ("aws", {"jobName", "results"}),
    ("aws", {"results", "items", "alternatives"}),
    ("assemblyai", {"utterances", "audio_url"}),
    ("assemblyai", {"utterances", "confidence", "words"}),
    ("assemblyai", {"audio_url", "words", "speaker"}),
    ("whisper", {"segments", "start", "end", "text"}),
)


def _has_turns(lines: Sequence[str]) -> bool:
    """Whether text has speakers who take turns: two of them, or one who begins three times."""
    content, _ = plain.content_lines(lines)
    names = plain.speakers(content)
    turns = [
        line.header.name
        for line in content
        if line.header and line.header.name and fold_name(line.header.name) in names
    ]
    return len(names) > 1 or len(turns) > 2


def _with_notices(transcript: Transcript, notices: Sequence[Notice]) -> Transcript:
    if not notices:
        return transcript
    return transcript.model_copy(update={"warnings": (*notices, *transcript.warnings)})
