"""What a transcript is once it has been read: who said what, when, and where in the file it stands."""

from service.grading import Notice
from service.models import Frozen


class Turn(Frozen):
    """What one speaker said without another coming in between.

    `speaker` is None where the file does not say who speaks. `start` and `end` are seconds from the start of the
    recording, None where the file has no times. White space in `text` is single spaces. `line` is the line of the
    file, from 1, where the turn begins; in the JSON formats, JSONL apart, it is the place of the turn's first element
    in its list, from 1.
    """

    speaker: str | None
    text: str
    start: float | None = None
    end: float | None = None
    line: int


class Transcript(Frozen):
    """A transcript in the order of its file.

    Neighbouring turns have different speakers, but for turns of nobody known: those are one for each cue, segment or
    paragraph, since two of them need not be of one person.
    """

    format: str
    turns: tuple[Turn, ...]
    warnings: tuple[Notice, ...] = ()

    @property
    def speakers(self) -> tuple[str, ...]:
        """The names of those who speak, in order of appearance; empty where the file names nobody."""
        return tuple(dict.fromkeys(turn.speaker for turn in self.turns if turn.speaker is not None))
