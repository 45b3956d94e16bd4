"""Transcripts of interviews: from a file in any of the usual formats to turns, and from turns to answers."""

from service.transcripts.citing import cite
from service.transcripts.interviews import Interview, submissions
from service.transcripts.model import Transcript, Turn
from service.transcripts.parsing import FORMATS, parse_transcript, sniff_transcript
from service.transcripts.speakers import Speaker, speakers_in

__all__ = [
    "FORMATS",
    "Interview",
    "Speaker",
    "Transcript",
    "Turn",
    "cite",
    "parse_transcript",
    "sniff_transcript",
    "speakers_in",
    "submissions",
]
