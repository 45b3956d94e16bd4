"""Interviews written as a script, one turn a line: `Name: what is said`."""

from service.grading import Notice
from service.submission import Submission
from service.transcripts.interviews import Interview, submissions
from service.transcripts.model import Transcript, Turn

ASKED = "How do you choose between RAG and fine-tuning?"
ANSWERED = "I'd start with a prompt because it's cheap, and move to retrieval when the data changes every week."


def transcript_of(script: str) -> Transcript:
    """The script as a transcript; turn n stands in line n and takes ten seconds, and a name may be left out."""
    turns = []
    for number, line in enumerate(script.strip().splitlines(), start=1):
        name, _, text = line.partition(":")
        at = 10.0 * number
        turns.append(
            Turn(speaker=name.strip() or None, text=text.strip(), start=at, end=at + 9, line=number),
        )
    return Transcript(format="text", turns=tuple(turns))


def interview(script: str, speaker: str | None = None) -> Interview:
    """The answers in a script."""
    return submissions(transcript_of(script), name="interview.txt", speaker=speaker)


def asked_and_answered(found: Interview) -> list[tuple[str | None, tuple[int, ...]]]:
    """The question of each answer and the turns that answer it."""
    return [(answer.question, answer.source.turns) for answer in found.submissions]


def codes(notices: tuple[Notice, ...]) -> list[str]:
    """What was warned of."""
    return [notice.code for notice in notices]


def only(found: Interview) -> Submission:
    """The one answer there is."""
    (answer,) = found.submissions
    return answer
