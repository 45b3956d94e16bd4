"""Turns made up by hypothesis, and writers that put them into each format, to be read again.

The writers know nothing of the readers. They write what each program writes, with its escapes.
"""

import csv
import html
import io
import json
from collections.abc import Callable, Mapping, Sequence

from hypothesis import strategies as st

from service.transcripts import Turn

NAMES = (
    "Interviewer", "Candidate", "Dana Osei", "Sam Bell", "SPEAKER_01", "Speaker 2", "Zo\u00eb M\u00fcller",
    "Jean-Luc O'Neil", "Dr. Amara Lindqvist", "Bell, Sam (Ext)", "\u5c0f\u6797", "van der Berg", "DANA",
    "Participant 3",
)  # fmt: skip

_OPENINGS = st.sampled_from(
    "well prompt so \u00fcber caf\u00e9 10 I \u6211\u4eec \u0645\u0631\u062d\u0628\u0627 \U0001f642 it's".split()
)
# Without what a format would take for its own and cannot escape: SBV's line break, a time in brackets, chevrons.
_WORDS = st.text(
    st.characters(codec="utf-8", categories=("L", "N", "P", "S"), exclude_characters="[>"), min_size=1, max_size=8
)


@st.composite
def speech(draw: st.DrawFn) -> str:
    """Some words with any punctuation, which begin like a sentence and end like one."""
    words = [draw(_OPENINGS), *draw(st.lists(_WORDS, max_size=8)), "then."]
    return " ".join(words)


@st.composite
def dialogues(draw: st.DrawFn) -> list[Turn]:
    """Two to nine turns of two or three speakers who take turns and each come back, with times in order."""
    names = draw(st.lists(st.sampled_from(NAMES), min_size=2, max_size=3, unique_by=str.casefold))
    rounds = draw(st.integers(2, 3))
    clock = draw(st.integers(0, 40_000))
    turns: list[Turn] = []
    for name in names * rounds:
        start = clock + draw(st.integers(0, 5_000))
        clock = start + draw(st.integers(1, 60_000))
        turns.append(Turn(speaker=name, text=draw(speech()), start=start / 1000, end=clock / 1000, line=1))
    return turns


def stamp(seconds: float, point: str = ".") -> str:
    """A time with hours and thousandths."""
    thousandths = round(seconds * 1000)
    minutes, rest = divmod(thousandths, 60_000)
    return f"{minutes // 60:02}:{minutes % 60:02}:{rest // 1000:02}{point}{rest % 1000:03}"


def write_text(turns: Sequence[Turn]) -> str:
    """`Name: words`, a line to a turn."""
    return "".join(f"{turn.speaker}: {turn.text}\n" for turn in turns)


def write_markdown(turns: Sequence[Turn]) -> str:
    """`**Name:** words`, a paragraph to a turn."""
    return "# Interview\n\n" + "\n\n".join(f"**{turn.speaker}:** {turn.text}" for turn in turns)


def write_timed_text(turns: Sequence[Turn]) -> str:
    """`[00:01:02.000 --> 00:01:05.000] Name: words`."""
    return "".join(
        f"[{stamp(turn.start or 0)} --> {stamp(turn.end or 0)}] {turn.speaker}: {turn.text}\n" for turn in turns
    )


def write_own_lines(turns: Sequence[Turn]) -> str:
    """`Name  00:01:02.000` on a line of its own."""
    return "\n".join(f"{turn.speaker}  {stamp(turn.start or 0)}\n{turn.text}\n" for turn in turns)


def write_vtt(turns: Sequence[Turn]) -> str:
    """A voice tag to a cue."""
    cues = (
        f"{stamp(turn.start or 0)} --> {stamp(turn.end or 0)}\n"
        f"<v {html.escape(turn.speaker or '', quote=False)}>{html.escape(turn.text, quote=False)}</v>\n"
        for turn in turns
    )
    return "WEBVTT\n\n" + "\n".join(cues)


def write_vtt_with_names(turns: Sequence[Turn]) -> str:
    """Numbered cues with `Name: words`."""
    cues = (
        f"{number}\n{stamp(turn.start or 0)} --> {stamp(turn.end or 0)}\n{turn.speaker}: {html.escape(turn.text)}\n"
        for number, turn in enumerate(turns, start=1)
    )
    return "WEBVTT\n\n" + "\n".join(cues)


def write_srt(turns: Sequence[Turn]) -> str:
    """Numbered cues with commas in their times, and `Name: words`."""
    return "\n".join(
        f"{number}\n{stamp(turn.start or 0, ',')} --> {stamp(turn.end or 0, ',')}\n"
        f"{turn.speaker}: {html.escape(turn.text)}\n"
        for number, turn in enumerate(turns, start=1)
    )


def write_sbv(turns: Sequence[Turn]) -> str:
    """Start and end with a comma between them."""
    return "\n".join(
        f"{stamp(turn.start or 0)},{stamp(turn.end or 0)}\n{turn.speaker}: {html.escape(turn.text)}\n" for turn in turns
    )


def write_csv(turns: Sequence[Turn]) -> str:
    """A row to a turn."""
    file = io.StringIO()
    writer = csv.writer(file)
    writer.writerow(["speaker", "text", "start", "end"])
    writer.writerows([turn.speaker, turn.text, turn.start, turn.end] for turn in turns)
    return file.getvalue()


def _rows(turns: Sequence[Turn]) -> list[dict[str, str | float | None]]:
    return [{"speaker": turn.speaker, "text": turn.text, "start": turn.start, "end": turn.end} for turn in turns]


def write_jsonl(turns: Sequence[Turn]) -> str:
    """An object to a line."""
    return "".join(json.dumps(row) + "\n" for row in _rows(turns))


def write_json(turns: Sequence[Turn]) -> str:
    """A list of objects."""
    return json.dumps(_rows(turns), ensure_ascii=False)


def write_whisper(turns: Sequence[Turn]) -> str:
    """Segments with a space before their words."""
    segments = [{**row, "text": f" {row['text']}", "id": place} for place, row in enumerate(_rows(turns))]
    return json.dumps({"text": "", "segments": segments, "language": "en"})


def write_deepgram(turns: Sequence[Turn]) -> str:
    """Words, whose speakers are names here, which the program itself numbers."""
    words = [
        {"word": word.lower(), "punctuated_word": word, "speaker": turn.speaker, "start": turn.start, "end": turn.end}
        for turn in turns
        for word in turn.text.split()
    ]
    return json.dumps({"results": {"channels": [{"alternatives": [{"transcript": "", "words": words}]}]}})


def write_assemblyai(turns: Sequence[Turn]) -> str:
    """Utterances with thousandths."""
    utterances = [
        {
            "speaker": turn.speaker,
            "text": turn.text,
            "start": round((turn.start or 0) * 1000),
            "end": round((turn.end or 0) * 1000),
        }
        for turn in turns
    ]
    return json.dumps({"id": "x", "audio_url": "", "utterances": utterances, "text": ""})


def write_aws(turns: Sequence[Turn]) -> str:
    """Items with labels of their own, and times as text; every full stop is an item."""
    items: list[dict[str, object]] = []
    for turn in turns:
        for word in turn.text.removesuffix(".").split():
            said = {"start_time": f"{turn.start}", "end_time": f"{turn.end}", "speaker_label": turn.speaker}
            items.append({**said, "type": "pronunciation", "alternatives": [{"content": word}]})
        items.append({"type": "punctuation", "speaker_label": turn.speaker, "alternatives": [{"content": "."}]})
    return json.dumps({"jobName": "x", "results": {"transcripts": [], "items": items}})


def write_rev(turns: Sequence[Turn]) -> str:
    """Monologues of words and spaces, with a list of names."""
    names = list(dict.fromkeys(turn.speaker for turn in turns))
    monologues = []
    for turn in turns:
        elements: list[dict[str, object]] = []
        for word in turn.text.split():
            elements.append({"type": "text", "value": word, "ts": turn.start, "end_ts": turn.end})
            elements.append({"type": "punct", "value": " "})
        monologues.append({"speaker": names.index(turn.speaker), "elements": elements})
    speakers = [{"id": place, "name": name} for place, name in enumerate(names)]
    return json.dumps({"monologues": monologues, "speakers": speakers})


WRITERS: Mapping[str, tuple[str, Callable[[Sequence[Turn]], str]]] = {
    "text": ("text", write_text),
    "markdown": ("text", write_markdown),
    "timed text": ("text", write_timed_text),
    "own lines": ("text", write_own_lines),
    "vtt": ("vtt", write_vtt),
    "vtt with names": ("vtt", write_vtt_with_names),
    "srt": ("srt", write_srt),
    "sbv": ("sbv", write_sbv),
    "csv": ("csv", write_csv),
    "jsonl": ("jsonl", write_jsonl),
    "json": ("json", write_json),
    "whisper": ("whisper", write_whisper),
    "deepgram": ("deepgram", write_deepgram),
    "assemblyai": ("assemblyai", write_assemblyai),
    "aws": ("aws", write_aws),
    "rev": ("rev", write_rev),
}
"""Each way to write, with the format that it is read as."""

WITHOUT_TIMES = frozenset({"text", "markdown"})
WITHOUT_ENDS = frozenset({"own lines"})
