"""From files to answers, whatever the format: one stream of submissions, each with its rubric or its fault."""

import contextlib
import glob
import hashlib
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePath
from typing import BinaryIO

from service.answers import FORMATS as ANSWER_FORMATS
from service.answers import read_answers, sniff_answers
from service.batch.rubrics import Choice, RubricChoice
from service.errors import AnswersInvalid, TranscriptInvalid
from service.grading import Notice
from service.rubric import Rubric
from service.submission import Fault, Submission
from service.transcripts import FORMATS as TRANSCRIPT_FORMATS
from service.transcripts import parse_transcript, sniff_transcript
from service.transcripts import submissions as find_submissions

FORMATS = (*ANSWER_FORMATS, *(name for name in TRANSCRIPT_FORMATS if name not in ANSWER_FORMATS))
_HEAD = 200_000
_IN_MEMORY = 1_000_000
_MORE_THAN_A_TRANSCRIPT = 40_000_000
"""Bytes; `parse_transcript` refuses far fewer."""
_MATCHES_SHOWN = 20


@dataclass(slots=True)
class Input:
    """One file of a run, by its path or open for reading from its start; `format` None is told from its content.

    Raises:
        AnswersInvalid: it cannot be read, or it cannot be told what it is.
    """

    name: str
    content: BinaryIO | Path
    format: str | None = None
    kind: str = field(init=False)
    """`answers` or `transcript`."""
    digest: str | None = field(init=False, default=None)

    def __post_init__(self) -> None:
        with self.open() as content:
            head = content.read(_HEAD)
        self.kind, self.format = _kind_of(head, self.name, self.format)

    @contextlib.contextmanager
    def open(self) -> Iterator[BinaryIO]:
        """The content from its start; a path is open no longer than it is read, for there may be thousands."""
        if not isinstance(self.content, Path):
            self.content.seek(0)
            yield self.content
            return
        try:
            content = self.content.open("rb")
        except OSError as error:
            hint = f" Name its files, such as '{self.name}/*.vtt'." if self.content.is_dir() else ""
            raise AnswersInvalid(f"{self.name}: cannot be read: {error.strerror}.{hint}") from None
        with content:
            yield content

    def sha256(self) -> str:
        """Digest of the content; 64 hexadecimal digits."""
        digest = hashlib.sha256()
        with self.open() as content:
            while part := content.read(1 << 20):
                digest.update(part)
        self.digest = self.digest or digest.hexdigest()
        return digest.hexdigest()

    def check_unchanged(self) -> None:
        """Find out whether a file is still what it was when its digest was first taken.

        Raises:
            AnswersInvalid: it is not.
        """
        if isinstance(self.content, Path) and self.digest not in (None, self.sha256()):
            raise AnswersInvalid(f"{self.name}: the file was changed while it was read. Run the same again.")


@dataclass(slots=True)
class Reader:
    """Reads inputs into submissions; `notices` fills up with what a person should know about the files."""

    inputs: Sequence[Input]
    choice: RubricChoice
    max_answer_bytes: int
    speaker: str | None = None
    notices: list[tuple[str, Notice]] = field(default_factory=list)
    matches: dict[str, Choice] = field(default_factory=dict)
    """The first rubrics that were chosen by a question, for showing them."""

    def __iter__(self) -> Iterator[tuple[Submission, Rubric | None]]:
        """Each answer in order, with its rubric unless it has a fault.

        Raises:
            AnswersInvalid: a file is no file of answers.
            TranscriptInvalid: a file is no transcript.
            SpeakerUnclear: it cannot be told who of a transcript is the candidate.
        """
        several = len(self.inputs) > 1
        for source in self.inputs:
            for submission in self._submissions(source, prefix=f"{source.name}:" if several else ""):
                yield self._with_rubric(submission)
            source.check_unchanged()

    def _submissions(self, source: Input, prefix: str) -> Iterator[Submission]:
        assert source.format is not None  # noqa: S101 - told when the input was opened
        with source.open() as file:
            if source.kind == "answers":
                yield from read_answers(
                    file,
                    name=source.name,
                    format=source.format,
                    max_answer_bytes=self.max_answer_bytes,
                    id_prefix=prefix,
                )
                return
            content = file.read(_MORE_THAN_A_TRANSCRIPT)
        try:
            transcript = parse_transcript(content, name=source.name, format=source.format)
            interview = find_submissions(transcript, name=source.name, speaker=self.speaker)
        except TranscriptInvalid as error:
            named = source.name in str(error)
            raise error if named else TranscriptInvalid(f"{source.name}: {error}") from None
        self.notices += [(source.name, notice) for notice in (*transcript.warnings, *interview.warnings)]
        for submission in interview.submissions:
            yield submission.model_copy(update={"id": f"{prefix}{submission.id}"}) if prefix else submission

    def _with_rubric(self, submission: Submission) -> tuple[Submission, Rubric | None]:
        if submission.error is not None:
            return submission, None
        chosen = self.choice.choose(submission)
        if isinstance(chosen, Fault):
            return submission.model_copy(update={"error": chosen}), None
        if chosen.similarity is not None:
            if len(self.matches) < _MATCHES_SHOWN:
                self.matches.setdefault(submission.question or "", chosen)
            placed = submission.source.model_copy(update={"similarity": chosen.similarity})
            submission = submission.model_copy(update={"source": placed})
        return submission, chosen.rubric


@contextlib.contextmanager
def opened(paths: Sequence[str], *, stdin: BinaryIO, format: str | None = None) -> Iterator[list[Input]]:  # noqa: A002
    """Open files by name or pattern, `-` being stdin, which is kept in a file of its own until the end.

    Raises:
        AnswersInvalid: there is no such file, or it cannot be read.
    """
    with contextlib.ExitStack() as stack:
        yield [
            Input("stdin", stack.enter_context(spooled(stdin)), format)
            if path == "-"
            else Input(path.encode(errors="replace").decode(), _readable_again(Path(path), stack), format)
            for path in expanded(paths)
        ]


def _readable_again(path: Path, stack: contextlib.ExitStack) -> BinaryIO | Path:
    """The path of a file; the content of a pipe, which can be read only once."""
    if not path.exists() or path.is_file() or path.is_dir():
        return path
    with path.open("rb") as pipe:
        return stack.enter_context(spooled(pipe))


@contextlib.contextmanager
def spooled(stream: BinaryIO) -> Iterator[BinaryIO]:
    """The rest of a stream, in memory or, if it is long, in a file without a name."""
    with tempfile.SpooledTemporaryFile(_IN_MEMORY) as kept:
        shutil.copyfileobj(stream, kept)
        kept.seek(0)
        yield kept  # type: ignore[misc]  # a spooled file has all the methods of a binary one


def expanded(paths: Sequence[str]) -> list[str]:
    """Names and patterns as names, each once.

    Raises:
        AnswersInvalid: no file has such a name, or stdin is asked for twice.
    """
    found: list[str] = []
    for path in paths:
        if path != "-" and not Path(path).exists() and glob.has_magic(path):
            matching = sorted(glob.glob(path, recursive=True))  # noqa: PTH207 - a pattern may begin at the root
            if not matching:
                raise AnswersInvalid(f"{path}: no file has such a name.")
            found += matching
        else:
            found.append(path)
    if found.count("-") > 1:
        raise AnswersInvalid("stdin ('-') can be read only once.")
    return list(dict.fromkeys(found))


def _kind_of(head: bytes, name: str, asked: str | None) -> tuple[str, str]:
    if not head:
        raise AnswersInvalid(f"{name}: the file is empty.")
    if head.startswith((b"PK\x03\x04", b"\x1f\x8b", b"BZh", b"\xfd7zXZ", b"7z\xbc\xaf", b"%PDF", b"\xd0\xcf\x11\xe0")):
        raise AnswersInvalid(
            f"{name}: this is an archive, a spreadsheet or a document. Unpack it, or save it as CSV, JSONL or text."
        )
    answers = asked if asked in ANSWER_FORMATS else None
    transcript = asked if asked in TRANSCRIPT_FORMATS else None
    if asked is None or (answers and transcript):
        told = sniff_answers(head, name=name)
        if told is not None and (asked is None or told == asked):
            return "answers", told
        told = sniff_transcript(head, name=name)
        if told is not None and (asked is None or told == asked):
            return "transcript", told
    ending = PurePath(name).suffix.removeprefix(".").lower()
    if asked is None and ending in ANSWER_FORMATS:
        return "answers", ending  # whose reader can say what is wrong with it
    if answers or transcript:
        return ("answers", answers) if answers else ("transcript", transcript or "")
    raise AnswersInvalid(
        f"{name}: neither a file of answers nor a transcript that is known. Answers come as JSONL "
        '({"id", "answer", "rubric"?, "question"?} on each line), CSV or Parquet; transcripts as text with '
        f"'Name: ...', VTT, SRT and others. Or name its format: {', '.join(FORMATS)}."
    )
