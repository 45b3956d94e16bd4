"""The shapes that speech recognisers write beside those of the fixtures."""

import json

import pytest

from service.transcripts import parse_transcript

Turns = list[tuple[str | None, float | None, float | None, str]]


def said(content: str, start: float, end: float, **more: object) -> dict[str, object]:
    """A word or a punctuation mark as Amazon Transcribe writes it."""
    return {"start_time": f"{start}", "end_time": f"{end}", "alternatives": [{"content": content}], **more}


@pytest.mark.parametrize(
    ("value", "form", "turns"),
    [
        pytest.param(
            {"transcription": [{"offsets": {"from": 0, "to": 1500}, "text": " hi", "speaker": "0"}]},
            "whisper",
            [("Speaker 0", 0.0, 1.5, "hi")],
            id="whisper.cpp",
        ),
        pytest.param(
            {"segments": [{"start": 2, "end": 1, "text": "hi", "speaker": "A"}, {"start": 3, "text": 5}]},
            "whisper",
            [("A", 2.0, None, "hi")],
            id="an end before its start, and no text",
        ),
        pytest.param(
            {
                "results": {
                    "channels": [
                        {
                            "alternatives": [
                                {
                                    "paragraphs": {
                                        "paragraphs": [
                                            {
                                                "speaker": 0,
                                                "start": 0.5,
                                                "end": 2,
                                                "sentences": [{"text": "Hi."}, {"text": "You?"}],
                                            },
                                            {"speaker": 1, "start": 2.5, "end": 3, "sentences": [{"text": "Me."}]},
                                        ]
                                    }
                                }
                            ]
                        }
                    ]
                }
            },
            "deepgram",
            [("Speaker 0", 0.5, 2.0, "Hi. You?"), ("Speaker 1", 2.5, 3.0, "Me.")],
            id="Deepgram's paragraphs",
        ),
        pytest.param(
            {
                "results": {
                    "channels": [
                        {"alternatives": [{"words": [{"word": "hi", "start": 0, "end": 1}]}]},
                        {"alternatives": [{"words": [{"word": "ho", "start": 0.5, "end": 2}]}]},
                    ]
                }
            },
            "deepgram",
            [("Channel 0", 0.0, 1.0, "hi"), ("Channel 1", 0.5, 2.0, "ho")],
            id="Deepgram's channels",
        ),
        pytest.param(
            {
                "results": {
                    "channels": [{}, {}],
                    "utterances": [{"channel": 1, "start": 0, "end": 1, "transcript": "hi"}],
                }
            },
            "deepgram",
            [("Channel 1", 0.0, 1.0, "hi")],
            id="Deepgram's utterances by channel",
        ),
        pytest.param(
            {"results": {"channels": [{"alternatives": [{"transcript": "hi there"}]}]}},
            "deepgram",
            [(None, None, None, "hi there")],
            id="Deepgram's bare transcript",
        ),
        pytest.param(
            {
                "audio_duration": 2,
                "utterances": None,
                "words": [
                    {"text": "Hi.", "start": 100, "end": 200, "speaker": "A"},
                    {"text": "Ho.", "start": 300, "end": 400, "speaker": "B"},
                ],
            },
            "assemblyai",
            [("A", 0.1, 0.2, "Hi."), ("B", 0.3, 0.4, "Ho.")],
            id="AssemblyAI's words",
        ),
        pytest.param(
            {
                "results": {
                    "channel_labels": {
                        "channels": [
                            {"channel_label": "ch_0", "items": [{"start_time": "0.1"}]},
                            {"channel_label": "ch_1", "items": [{"start_time": "1.0"}]},
                        ]
                    },
                    "items": [said("Hi", 0.1, 0.4), said("Ho", 1.0, 1.5)],
                }
            },
            "aws",
            [("ch_0", 0.1, 0.4, "Hi"), ("ch_1", 1.0, 1.5, "Ho")],
            id="Amazon's channels",
        ),
        pytest.param(
            {"results": {"items": [], "transcripts": [{"transcript": "Hi there."}]}},
            "aws",
            [(None, None, None, "Hi there.")],
            id="Amazon's bare transcript",
        ),
        pytest.param(
            {
                "results": {
                    "audio_segments": [{"transcript": "Hi there.", "start_time": "0", "end_time": "2"}],
                    "items": [said("Hi", 0.0, 0.4)],
                }
            },
            "aws",
            [(None, 0.0, 2.0, "Hi there.")],
            id="Amazon's segments without speakers",
        ),
        pytest.param(
            {
                "Transcript": [
                    {"ParticipantRole": "AGENT", "Content": "Hi", "BeginOffsetMillis": 250, "EndOffsetMillis": 900}
                ]
            },
            "json",
            [("AGENT", 0.25, 0.9, "Hi")],
            id="thousandths by their name",
        ),
        pytest.param(
            {"utterances": [{"speaker": "Sam", "text": "two words", "start": 0, "end": 60_000}]},
            "json",
            [("Sam", 0.0, 60.0, "two words")],
            id="thousandths by their size",
        ),
        pytest.param(
            {"data": {"sentences": [{"speaker_name": "Sam", "text": "hi", "start_time": 1.5, "end_time": 2.5}]}},
            "json",
            [("Sam", 1.5, 2.5, "hi")],
            id="a list inside of an object",
        ),
        pytest.param(
            [
                {"speaker": {"id": 3}, "text": "a", "start": -1},
                {"speaker": True, "text": "b"},
                {"speaker": 2, "text": "c"},
            ],
            "json",
            [("Speaker 3", None, None, "a"), (None, None, None, "b"), ("Speaker 2", None, None, "c")],
            id="speakers by number",
        ),
    ],
)
def test_a_shape_of_json_is_read(value: object, form: str, turns: Turns) -> None:
    """Speakers, times and words, whichever way the program was asked to write them."""
    content = json.dumps(value).encode()

    transcript = parse_transcript(content)

    assert transcript.format == form
    assert [(turn.speaker, turn.start, turn.end, turn.text) for turn in transcript.turns] == turns


def test_half_a_pair_in_json_is_no_crash() -> None:
    """JSON can name what UTF-8 cannot hold; it is shown as a replacement character."""
    transcript = parse_transcript(rb'[{"speaker": "Sam\u0000", "text": "a\ud800b\u0007"}]')

    assert (transcript.turns[0].speaker, transcript.turns[0].text) == ("Sam", "a\ufffdb")
