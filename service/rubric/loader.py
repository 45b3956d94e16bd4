"""From a YAML file to a rubric, with the place of everything that is wrong in it.

The file is hostile until read: its size, depth and number of values are bounded while they are counted, and nothing
but plain mappings, lists, text, numbers, booleans and null is built. Aliases, tags and duplicate keys are refused.
"""

import json
import math
import re
from collections.abc import Iterable, Iterator, Mapping
from itertools import islice
from pathlib import Path as FilePath
from typing import TYPE_CHECKING

from pydantic import ValidationError

from service.errors import Problem, RubricInvalid
from service.rubric.checks import Breach, Path, check_rubric
from service.rubric.model import Rubric
from service.rubric.wording import Finding, findings

if TYPE_CHECKING:
    import yaml

MAX_BYTES = 1_000_000
MAX_VALUES = 50_000
MAX_DEPTH = 30
MAX_PROBLEMS = 20

Tree = dict[str | int, "Tree"] | list["Tree"] | str | int | float | bool | None
Places = dict[tuple[str, ...], tuple[int, int]]

_INTEGER = re.compile(r"[-+]?\d{1,18}")
_NUMBER = re.compile(r"[-+]?(\d{1,18}(\.\d{0,18})?|\.\d{1,18})([eE][-+]?\d{1,3})?")
_NOT_A_NUMBER = re.compile(r"[-+]?\.(inf|nan)", re.IGNORECASE)
_WORDS: Mapping[str, bool | None] = {"true": True, "false": False, "null": None, "~": None, "": None}

# What YAML does not allow in a file, and the half of a surrogate pair that UTF-8 cannot hold.
_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\ufffe\uffff]")


def load_rubric(path: FilePath) -> Rubric:
    """Read a rubric file.

    Raises:
        RubricInvalid: it cannot be read or is not a rubric; every problem has its line, column and a hint.
    """
    try:
        with path.open("rb") as file:
            content = file.read(MAX_BYTES + 1)
    except OSError as error:
        raise RubricInvalid(
            [Problem(f"cannot be read: {error.strerror}", "Check the path and its permissions.", file=str(path))]
        ) from None
    return parse_rubric(content, file=str(path))


def parse_rubric(content: bytes, *, file: str | None = None) -> Rubric:
    """Make a rubric of YAML in UTF-8; `file` is only for the error messages.

    Raises:
        RubricInvalid: it is not a rubric.
    """
    reader = _Reader(file)
    tree = reader.read(content)
    try:
        rubric = Rubric.model_validate_json(json.dumps(tree), strict=True)
    except ValidationError as error:
        errors = error.errors(include_url=False)
        raise RubricInvalid(_limited(reader, findings(errors), len(errors))) from None
    if breaches := check_rubric(rubric):
        raise RubricInvalid(_limited(reader, breaches, len(breaches)))
    return rubric


def _limited(reader: "_Reader", wrong: Iterable[Breach | Finding], count: int) -> list[Problem]:
    """The first problems; a file in another format has thousands."""
    problems = [reader.problem(*each) for each in islice(wrong, MAX_PROBLEMS)]
    if count > MAX_PROBLEMS:
        more = f"and {count - MAX_PROBLEMS:,} more problems"
        problems.append(reader.problem((), more, "Correct these first, then check again."))
    return problems


class _Reader:
    """Builds plain values from YAML events and remembers where each began."""

    def __init__(self, file: str | None) -> None:
        self._file = file
        self._places: Places = {}
        self._keys: Places = {}
        self._values = 0

    def read(self, content: bytes) -> Tree:
        """Build the one document in the file."""
        import yaml  # noqa: PLC0415 - nothing but reading a rubric needs it

        if len(content) > MAX_BYTES:
            raise self._refusal(None, f"larger than {MAX_BYTES:,} bytes", "A rubric is far smaller; is this the file?")
        text = self._decoded(content)
        loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
        try:
            return self._document(iter(yaml.parse(text, Loader=loader)))
        except yaml.MarkedYAMLError as error:
            raise RubricInvalid([self._not_yaml(error, text)]) from None
        except yaml.YAMLError as error:
            reason = getattr(error, "reason", "unreadable")
            raise self._refusal(None, f"not YAML: {reason}", "Save the file as plain text.") from None

    def _decoded(self, content: bytes) -> str:
        try:
            text = content.decode("utf-8-sig")
        except UnicodeDecodeError as error:
            before = content[: error.start].decode("utf-8-sig")
            problem = f"not UTF-8: the byte 0x{content[error.start]:02x} stands here"
            raise RubricInvalid([self._at_end_of(before, problem, "Save the file as UTF-8.")]) from None
        if control := _CONTROL.search(text):
            problem = f"the control character U+{ord(control.group()):04X} stands here"
            raise RubricInvalid([self._at_end_of(text[: control.start()], problem, "Remove it.")])
        return text

    def _at_end_of(self, before: str, message: str, hint: str) -> Problem:
        return Problem(message, hint, self._file, before.count("\n") + 1, len(before) - before.rfind("\n"))

    def _document(self, events: Iterator["yaml.Event"]) -> Tree:
        import yaml  # noqa: PLC0415 - already loaded by `read`

        event = next(events)
        while isinstance(event, (yaml.StreamStartEvent, yaml.DocumentStartEvent)):
            event = next(events)
        if isinstance(event, yaml.StreamEndEvent):
            raise self._refusal(None, "the file is empty", "Begin with `id:`; docs/rubrics.md has an example.")
        tree = self._build(events, event, (), 1)
        next(events)  # the end of the document
        if not isinstance(extra := next(events), yaml.StreamEndEvent):
            raise self._refusal(extra, "a second document begins here", "Keep one rubric a file.")
        return tree

    def _not_yaml(self, error: "yaml.MarkedYAMLError", text: str) -> Problem:
        """What is wrong with the YAML, in plainer words for the usual slips."""
        what, mark = error.problem or error.context or "unreadable", error.problem_mark or error.context_mark
        lines = text.splitlines()
        line = lines[mark.line] if mark and mark.line < len(lines) else ""
        hint = "Check the indentation, quotes and colons around here."
        if mark and line[: mark.column + 1].strip(" ").startswith("\t"):
            what, hint = "a tab indents this line", "Indent with spaces."
        elif "unexpected end of stream" in what and error.context_mark:
            what, mark = "a quotation mark opens here and is never closed", error.context_mark
            hint = "Close it; an apostrophe between single quotes is written twice."
        elif "mapping values are not allowed" in what:
            what = "a colon is not expected here"
            hint = "Put text with a colon in it in quotes, or check the indentation."
        elif "cannot start any token" in what:
            what, hint = "text cannot begin with this character", "Put the text in quotes."
        place = (mark.line + 1, mark.column + 1) if mark else (None, None)
        return Problem(f"not YAML: {what}", hint, self._file, *place)

    def _nearest(self, path: Path) -> tuple[str, ...]:
        """The longest beginning of a path that stands in the file."""
        known: tuple[str, ...] = ()
        for part in map(str, path):
            if (*known, part) not in self._places:
                break
            known = (*known, part)
        return known

    def problem(self, path: Path, message: str, hint: str, key: bool = False) -> Problem:  # noqa: FBT001, FBT002 - a field of both
        """A problem at the place of the value at a path, or of its key, or of the nearest thing above it."""
        known = self._nearest(path)
        places = self._keys if key and known in self._keys else self._places
        line, column = places.get(known, (1, 1))
        return Problem(message, hint, self._file, line, column)

    def _refusal(self, event: "yaml.Event | None", message: str, hint: str) -> RubricInvalid:
        place = _place(event) if event else (None, None)
        return RubricInvalid([Problem(message, hint, self._file, *place)])

    def _build(self, events: Iterator["yaml.Event"], event: "yaml.Event", path: tuple[str, ...], depth: int) -> Tree:
        import yaml  # noqa: PLC0415 - already loaded by `read`

        self._values += 1
        self._places.setdefault(path, _place(event))
        if self._values > MAX_VALUES:
            raise self._refusal(event, f"more than {MAX_VALUES:,} values", "Split the rubric, or shorten its glossary.")
        if depth > MAX_DEPTH:
            raise self._refusal(event, f"nested deeper than {MAX_DEPTH} levels", "A rubric needs about ten.")
        if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None):
            raise self._refusal(event, "anchors and aliases are not allowed", "Write the value out, or name a pattern.")
        if tag := getattr(event, "tag", None):
            raise self._refusal(event, f"the tag {tag!r} is not allowed", "Remove it; write the plain value.")
        if isinstance(event, yaml.MappingStartEvent):
            return self._mapping(events, path, depth)
        if isinstance(event, yaml.SequenceStartEvent):
            items: list[Tree] = []
            while not isinstance(event := next(events), yaml.SequenceEndEvent):
                items.append(self._build(events, event, (*path, str(len(items))), depth + 1))
            return items
        assert isinstance(event, yaml.ScalarEvent)  # noqa: S101 - nothing else begins a value
        return self._scalar(event)

    def _mapping(self, events: Iterator["yaml.Event"], path: tuple[str, ...], depth: int) -> Tree:
        import yaml  # noqa: PLC0415 - already loaded by `read`

        mapping: dict[str | int, Tree] = {}
        written: set[str] = set()
        while not isinstance(event := next(events), yaml.MappingEndEvent):
            if not isinstance(event, yaml.ScalarEvent):
                raise self._refusal(event, "a key must be a plain word", "Write `key: value`.")
            key = self._build(events, event, (*path, "[key]", str(self._values)), depth + 1)
            if isinstance(key, bool) or not isinstance(key, (str, int)):
                raise self._refusal(event, f"{event.value!r} is not a key", "Put the key in quotes.")
            if event.value == "<<" and event.implicit[0]:
                raise self._refusal(event, "merge keys are not allowed", "Write the keys out.")
            if str(key) in written:  # 1 and "1" are one key of a rubric
                raise self._refusal(event, f"the key {key!r} stands here twice", "Remove or rename one of them.")
            written.add(str(key))
            self._keys[(*path, str(key))] = _place(event)
            mapping[key] = self._build(events, next(events), (*path, str(key)), depth + 1)
        return mapping

    def _scalar(self, event: "yaml.ScalarEvent") -> str | int | float | bool | None:
        text = event.value
        if not event.implicit[0]:  # quoted, or a block of text
            return text
        if text.lower() in _WORDS:
            return _WORDS[text.lower()]
        if _INTEGER.fullmatch(text):
            return int(text)
        if _NOT_A_NUMBER.fullmatch(text) or (_NUMBER.fullmatch(text) and not math.isfinite(float(text))):
            raise self._refusal(event, f"{text} is not a finite number", "Write an ordinary number.")
        return float(text) if _NUMBER.fullmatch(text) else text


def _place(event: "yaml.Event") -> tuple[int, int]:
    mark = event.start_mark
    return (mark.line + 1, mark.column + 1) if mark else (1, 1)
