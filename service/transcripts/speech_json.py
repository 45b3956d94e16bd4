"""The JSON of speech recognisers, and plain lists of turns in JSON."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import NamedTuple

from service.errors import TranscriptInvalid
from service.transcripts.model import Transcript
from service.transcripts.pieces import Piece, assemble
from service.transcripts.rows import Json, as_thousandths, find_columns, in_thousandths, name_of, piece_of, seconds

Object = Mapping[str, Json]

_LISTS = (
    "turns", "utterances", "segments", "transcript", "transcription", "messages", "entries", "dialogue", "dialog",
    "conversation", "sentences", "captions", "cues", "monologues", "items", "phrases", "results", "data", "interview",
)  # fmt: skip


class _Word(NamedTuple):
    speaker: str | None
    text: str
    start: float | None
    end: float | None
    attached: bool = False


def read_whisper(value: Json) -> Transcript:
    """Whisper, WhisperX and whisper.cpp: segments, with speakers where they were told apart."""
    return assemble("whisper", _whisper(_object(value, "whisper")))


def read_deepgram(value: Json) -> Transcript:
    """Deepgram: utterances if they were asked for, or else paragraphs, or else words, of each channel."""
    return assemble("deepgram", _deepgram(_at(value, "results")))


def read_assemblyai(value: Json) -> Transcript:
    """AssemblyAI: utterances, or else words; its times are thousandths of seconds."""
    return assemble("assemblyai", _assemblyai(_object(value, "assemblyai")))


def read_aws(value: Json) -> Transcript:
    """Amazon Transcribe: audio segments, or else items with the labels of speakers or channels."""
    return assemble("aws", _aws(_at(value, "results")))


def read_rev(value: Json) -> Transcript:
    """Rev: monologues of elements, whose punctuation brings its own spaces."""
    return assemble("rev", _rev(_object(value, "rev")))


def read_plain_json(value: Json) -> Transcript:
    """A list of turns, or an object that holds one: each with a speaker, a text, and perhaps times."""
    rows = find_rows(value)
    if rows is None:
        raise TranscriptInvalid(
            'No list of turns was found in this JSON. Write [{"speaker": "...", "text": "..."}], with "start" and '
            '"end" in seconds if there are any, or name the format with --format.'
        )
    pieces = list(_plain(rows))
    return assemble("json", [as_thousandths(piece) for piece in pieces] if in_thousandths(pieces) else pieces)


READERS: Mapping[str, Callable[[Json], Transcript]] = {
    "whisper": read_whisper,
    "deepgram": read_deepgram,
    "assemblyai": read_assemblyai,
    "aws": read_aws,
    "rev": read_rev,
    "json": read_plain_json,
}


def json_format(value: Json) -> str:  # noqa: PLR0911 - a program each
    """Which program wrote this JSON, by its shape; `json` where it looks like none of them."""
    if not isinstance(value, dict):
        return "json"
    results = value.get("results")
    if isinstance(results, dict):
        if isinstance(results.get("channels"), list) or isinstance(results.get("utterances"), list):
            return "deepgram"
        if {"items", "audio_segments", "speaker_labels", "transcripts", "channel_labels"} & results.keys():
            return "aws"
    if isinstance(value.get("monologues"), list):
        return "rev"
    if isinstance(value.get("segments"), list) and not has_turns(value.get("turns")):
        return "whisper"
    if _objects(value.get("transcription")) and "offsets" in _objects(value.get("transcription"))[0]:
        return "whisper"
    return "assemblyai" if _is_assemblyai(value) else "json"


def _is_assemblyai(value: Object) -> bool:
    listed = _objects(value.get("utterances")) or _objects(value.get("words"))
    if not listed:
        return False
    of_it = {"audio_url", "audio_duration", "language_model", "acoustic_model", "language_code", "speech_model"}
    return bool(of_it & value.keys()) or {"words", "confidence"} <= listed[0].keys()


def find_rows(value: Json) -> list[Json] | None:
    """The list of turns in a value, under one of its usual names, one object deep at most."""
    if isinstance(value, list):
        return value if has_turns(value) else None
    if not isinstance(value, dict):
        return None
    for holder in (value, *(inner for inner in value.values() if isinstance(inner, dict))):
        named = {key.casefold(): inner for key, inner in holder.items()}
        for key in _LISTS:
            rows = named.get(key)
            if isinstance(rows, list) and has_turns(rows):
                return rows
    return None


def has_turns(value: Json) -> bool:
    """Whether this is a list of objects that have text."""
    rows = _objects(value)[:20]
    return any(piece_of(row, find_columns(list(row)), 1) is not None for row in rows)


def _plain(rows: Sequence[Json]) -> Iterator[Piece]:
    for place, row in enumerate(rows, start=1):
        if not isinstance(row, dict):
            raise TranscriptInvalid(f"turn {place}: not an object with a speaker and a text.")
        piece = piece_of(row, find_columns(list(row)), place)
        if piece is not None:
            yield piece


def _whisper(value: Object) -> Iterator[Piece]:
    cpp = _objects(value.get("transcription"))
    for place, segment in enumerate(_objects(value.get("segments")) or cpp, start=1):
        speaker = name_of(segment.get("speaker")) or name_of(segment.get("speaker_label"))
        offsets, text = segment.get("offsets"), segment.get("text")
        if speaker is None:
            speaker = _commonest([name_of(word.get("speaker")) for word in _objects(segment.get("words"))])
        if isinstance(offsets, dict):
            start, end = (seconds(offsets.get(key), thousandths=True) for key in ("from", "to"))
        else:
            start, end = _times(segment, "start", "end")
        if isinstance(text, str):
            yield Piece(speaker, text, start, end, place)


def _commonest(names: list[str | None]) -> str | None:
    known = [name for name in names if name is not None]
    return max(dict.fromkeys(known), key=known.count) if known else None


def _deepgram(results: Object) -> list[Piece]:
    pieces: list[Piece] = []
    channels = _objects(results.get("channels"))
    for place, utterance in enumerate(_objects(results.get("utterances")), start=1):
        text = utterance.get("transcript")
        speaker = name_of(utterance.get("speaker"))
        if speaker is None and len(channels) > 1 and "channel" in utterance:
            speaker = _channel(utterance.get("channel"))
        if isinstance(text, str):
            pieces.append(Piece(speaker, text, *_times(utterance, "start", "end"), place))
    if pieces:
        return pieces
    for number, channel in enumerate(channels):
        alternative = next(iter(_objects(channel.get("alternatives"))), {})
        fallback = _channel(number) if len(channels) > 1 else None
        pieces += _deepgram_paragraphs(alternative, fallback) or _deepgram_words(alternative, fallback)
    return sorted(pieces, key=lambda piece: piece.start or 0.0) if len(channels) > 1 else pieces


def _channel(number: Json) -> str | None:
    return f"Channel {number}" if isinstance(number, int) else None


def _deepgram_paragraphs(alternative: Object, fallback: str | None) -> list[Piece]:
    holder = alternative.get("paragraphs")
    paragraphs = _objects(holder.get("paragraphs")) if isinstance(holder, dict) else _objects(holder)
    pieces: list[Piece] = []
    for place, paragraph in enumerate(paragraphs, start=1):
        sentences = [text for item in _objects(paragraph.get("sentences")) if isinstance(text := item.get("text"), str)]
        speaker = name_of(paragraph.get("speaker")) or fallback
        pieces.append(Piece(speaker, " ".join(sentences), *_times(paragraph, "start", "end"), place))
    return pieces if any(piece.text for piece in pieces) else []


def _deepgram_words(alternative: Object, fallback: str | None) -> list[Piece]:
    words = []
    for item in _objects(alternative.get("words")):
        text = item.get("punctuated_word") or item.get("word")
        if isinstance(text, str):
            words.append(_Word(name_of(item.get("speaker")) or fallback, text, *_times(item, "start", "end")))
    text = alternative.get("transcript")
    if not words and isinstance(text, str):
        return [Piece(fallback, text, None, None, 1)]
    return _phrases(words)


def _assemblyai(value: Object) -> list[Piece]:
    pieces: list[Piece] = []
    for place, item in enumerate(_objects(value.get("utterances")), start=1):
        text = item.get("text")
        speaker = name_of(item.get("speaker")) or name_of(item.get("channel"))
        if isinstance(text, str):
            pieces.append(Piece(speaker, text, *_times(item, "start", "end", thousandths=True), place))
    if pieces:
        return pieces
    words = [
        _Word(name_of(item.get("speaker")), text, *_times(item, "start", "end", thousandths=True))
        for item in _objects(value.get("words"))
        if isinstance(text := item.get("text"), str)
    ]
    text = value.get("text")
    return _phrases(words) if words or not isinstance(text, str) else [Piece(None, text, None, None, 1)]


def _aws(results: Object) -> list[Piece]:
    pieces: list[Piece] = []
    for place, item in enumerate(_objects(results.get("audio_segments")), start=1):
        text = item.get("transcript")
        speaker = name_of(item.get("speaker_label")) or name_of(item.get("channel_label"))
        if isinstance(text, str):
            pieces.append(Piece(speaker, text, *_times(item, "start_time", "end_time"), place))
    if any(piece.speaker for piece in pieces):
        return pieces
    labels = _aws_labels(results)
    phrases = _phrases(list(_aws_words(_objects(results.get("items")), labels)))
    if pieces and not any(phrase.speaker for phrase in phrases):
        return pieces
    texts = [text for item in _objects(results.get("transcripts")) if isinstance(text := item.get("transcript"), str)]
    return phrases or [Piece(None, text, None, None, place) for place, text in enumerate(texts, start=1)]


def _aws_labels(results: Object) -> dict[float, str]:
    """Who speaks at the start of each word, where the words do not say so themselves."""
    labels: dict[float, str] = {}
    for kind, inner in (("speaker_labels", "segments"), ("channel_labels", "channels")):
        holder = results.get(kind)
        for segment in _objects(holder.get(inner)) if isinstance(holder, dict) else []:
            whole = name_of(segment.get("speaker_label")) or name_of(segment.get("channel_label"))
            for item in [*_objects(segment.get("items")), segment]:
                start = seconds(item.get("start_time"))
                name = name_of(item.get("speaker_label")) or whole
                if start is not None and name is not None:
                    labels.setdefault(start, name)
    return labels


def _aws_words(items: Sequence[Object], labels: Mapping[float, str]) -> Iterator[_Word]:
    speaker: str | None = None
    for item in items:
        text = next(iter(_objects(item.get("alternatives"))), {}).get("content")
        start, end = _times(item, "start_time", "end_time")
        attached = item.get("type") == "punctuation"
        if not attached:
            own = name_of(item.get("speaker_label")) or name_of(item.get("channel_label"))
            speaker = own or (labels.get(start, speaker) if start is not None else speaker)
        if isinstance(text, str):
            yield _Word(speaker, text, start, end, attached)


def _phrases(words: Sequence[_Word]) -> list[Piece]:
    """Words of one speaker in a row as one piece each; its place is that of its first word."""
    pieces: list[Piece] = []
    texts: list[str] = []
    for place, word in enumerate(words, start=1):
        if not pieces or (pieces[-1].speaker != word.speaker and not word.attached):
            if pieces:
                pieces[-1] = pieces[-1]._replace(text="".join(texts))
            pieces.append(Piece(word.speaker, "", word.start, word.end, place))
            texts = [word.text]
            continue
        texts.append(word.text if word.attached else f" {word.text}")
        if word.end is not None:
            pieces[-1] = pieces[-1]._replace(end=word.end)
    if pieces:
        pieces[-1] = pieces[-1]._replace(text="".join(texts))
    return pieces


def _rev(value: Object) -> Iterator[Piece]:
    names = {
        item.get("id"): name_of(item.get("name")) for item in _objects(value.get("speakers")) if _is_key(item.get("id"))
    }
    for place, monologue in enumerate(_objects(value.get("monologues")), start=1):
        elements = _objects(monologue.get("elements"))
        speaker = monologue.get("speaker")
        name = (names.get(speaker) if _is_key(speaker) else None) or name_of(monologue.get("speaker_name"))
        starts = [time for item in elements if (time := seconds(item.get("ts"))) is not None]
        ends = [time for item in elements if (time := seconds(item.get("end_ts"))) is not None]
        text = "".join(part for item in elements if isinstance(part := item.get("value"), str))
        yield Piece(name or name_of(speaker), text, min(starts, default=None), max(ends, default=None), place)


def _is_key(value: Json) -> bool:
    return isinstance(value, (str, int))


def _times(item: Object, start: str, end: str, *, thousandths: bool = False) -> tuple[float | None, float | None]:
    begins, ends = (seconds(item.get(key), thousandths=thousandths) for key in (start, end))
    return begins, None if begins is not None and ends is not None and ends < begins else ends


def _objects(value: Json) -> list[dict[str, Json]]:
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def _object(value: Json, form: str) -> Object:
    if not isinstance(value, dict):
        raise TranscriptInvalid(f"The JSON is a list or a single value, and {form} writes an object.")
    return value


def _at(value: Json, key: str) -> Object:
    inner = value.get(key) if isinstance(value, dict) else None
    if not isinstance(inner, dict):
        raise TranscriptInvalid(f"The JSON has no object `{key}`. Name its format with --format, or leave that out.")
    return inner
