"""JSON from outside: bounded in size and depth, with an error that says where it stops."""

import json

from service.errors import TranscriptInvalid
from service.transcripts.rows import Json

MAX_VALUES = 4_000_000
"""What a value takes in memory, some 60 bytes at least, times this stays bearable."""


def loads(text: str, where: str = "") -> Json:
    """The value that the text holds.

    Raises:
        TranscriptInvalid: It is not JSON, or nested too deep, or has too many values; `where` begins the message.
    """
    if text.count(",") + text.count("[") + text.count("{") > MAX_VALUES:
        raise TranscriptInvalid(
            f"{where}more than {MAX_VALUES:,} values of JSON. Give one conversation per file, without word timings."
        )
    try:
        value: Json = json.loads(text, parse_constant=lambda _: None)
    except json.JSONDecodeError as error:
        place = where or f"line {error.lineno}, column {error.colno}: "
        raise TranscriptInvalid(f"{place}not JSON: {error.msg}. Check that the file is whole.") from None
    except RecursionError:
        raise TranscriptInvalid(f"{where}JSON nested too deep for a transcript.") from None
    except ValueError:  # a number of thousands of digits
        raise TranscriptInvalid(f"{where}JSON with a number too long to be one.") from None
    return value
