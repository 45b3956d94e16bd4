"""WebVTT, SRT and SBV: cues with the names of speakers in voice tags, before a colon, or nowhere."""

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from service.errors import TranscriptInvalid
from service.grading import Notice
from service.transcripts.captions import Cue, read_cues
from service.transcripts.headers import Header, colon_label
from service.transcripts.markup import Said, changes, strip_tags
from service.transcripts.model import Transcript
from service.transcripts.names import Label, believed
from service.transcripts.pieces import Piece, assemble, fold_name
from service.transcripts.rolling import ShownCue, ShownLine, without_repeats


class _Part(NamedTuple):
    """Words that stand together in a line of a cue; `first` of a cue, `header` where a label may begin them."""

    cue: ShownCue
    line: int
    said: Said
    header: Header | None
    first: bool


def read_vtt(lines: Sequence[str]) -> Transcript:
    """The turns of a WebVTT file, with or without its header."""
    return _read(lines, "vtt")


def read_srt(lines: Sequence[str]) -> Transcript:
    """The turns of a SubRip file, with or without numbers."""
    return _read(lines, "srt")


def read_sbv(lines: Sequence[str]) -> Transcript:
    """The turns of a YouTube caption file."""
    return _read(lines, "sbv")


def _read(lines: Sequence[str], form: str) -> Transcript:
    cues, notices = read_cues(lines, commas=form == "sbv", asides=form == "vtt")
    if not cues:
        raise TranscriptInvalid(
            f"No cue times were found, such as 00:00:01.000 --> 00:00:04.000, so the file is not {form.upper()}. Name "
            "its format with --format."
        )
    shown, rolled = without_repeats([_shown(cue, form) for cue in cues])
    if rolled:
        message = f"Cues that show again what the cue before showed: {rolled}. What they repeat was taken once."
        notices = [notice for notice in notices if notice.code != "overlapping-cues"]
        notices.append(Notice(code="rolling-cues", message=message))
    parts = list(_parts(shown))
    if any(part.said.voice is not None for part in parts):
        return assemble(form, _voiced(parts), [*notices, *_carried(parts)])
    return assemble(form, _named(parts), notices)


def _shown(cue: Cue, form: str) -> ShownCue:
    numbers = [number for number, _ in cue.lines]
    texts = [text.replace("[br]", " ") if form == "sbv" else text for _, text in cue.lines]
    said = strip_tags(texts)
    return ShownCue(
        cue.start, cue.end, tuple(ShownLine(number, tuple(line)) for number, line in zip(numbers, said, strict=True))
    )


def _parts(cues: Sequence[ShownCue]) -> Iterator[_Part]:
    for cue in cues:
        first = True
        for line in cue.lines:
            for whole in line.said:
                for said in changes(whole):
                    yield _Part(cue, line.number, said, colon_label(said.text), first)
                    first = False


def _voiced(parts: Sequence[_Part]) -> Iterator[Piece]:
    """Turns by voice tags; a cue that has none goes on with the voice before, since many name it only as it changes."""
    speaker: str | None = None
    for part in parts:
        if part.said.voice is not None:
            speaker = part.said.voice or None
        yield Piece(speaker, part.said.text, part.cue.start, part.cue.end, part.line, joins=not part.first)


def _carried(parts: Sequence[_Part]) -> list[Notice]:
    voiced = {id(part.cue) for part in parts if part.said.voice is not None}
    count = len({id(part.cue) for part in parts} - voiced)
    if not count:
        return []
    message = f"Cues without a voice tag: {count}. What follows a voice was taken as said by it."
    return [Notice(code="speaker-carried", message=message)]


def _named(parts: Sequence[_Part]) -> Iterator[Piece]:
    """Turns by labels, chevrons and dashes; what has none of them goes on with the speaker before."""
    names = _speakers(parts)
    speaker: str | None = None
    chevrons = False
    for part in parts:
        header, text = part.header, part.said.text
        named = header is not None and header.name is not None and fold_name(header.name) in names
        if header is not None and named:
            speaker, text, chevrons = header.name, header.rest, False
        elif part.said.change:
            speaker, chevrons = None, part.said.change == "chevrons"
        joins = not part.said.change and (chevrons or not part.first)
        yield Piece(speaker, text, part.cue.start, part.cue.end, part.line, joins=joins)


def _speakers(parts: Sequence[_Part]) -> frozenset[str]:
    labels: list[Label] = []
    words: Counter[str] = Counter()
    for part in parts:
        header = part.header
        words.update((header.rest if header else part.said.text).split())
        if header is not None and header.name is not None:
            labels.append(Label(header.name, header.strength, part.first or bool(part.said.change)))
    return believed(labels, words)
