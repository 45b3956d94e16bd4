"""Times as transcripts write them, in seconds."""

import re

CLOCK = r"\d{1,3}:\d{2}(?::\d{2})?(?:[.,]\d{1,3})?(?:\s?[AaPp]\.?[Mm]\b\.?)?"
"""A time in running text: `0:05`, `00:01:02.500`, `10:31 AM`."""
SPELLED = r"(?:\d{1,2} hours? )?(?:\d{1,2} minutes? )?\d{1,2} seconds?"
"""A time as some meeting programs write it for screen readers: `1 minute 5 seconds`."""
LOOSE_CLOCK = r"(?:\d{1,4}:)?\d{1,3}:\d{1,2}(?:[.,]\d{1,9})?"
"""A time of a cue, where an arrow or a comma leaves no doubt that it is one: `0:0:1.5`, `01:02,500`."""

_PARTS = re.compile(r"(?:(\d{1,4}):)?(\d{1,3}):(\d{1,2})(?:[.,](\d{1,9}))?")
_WORDS = re.compile(r"(\d{1,2}) (hour|minute|second)")
_UNITS = {"hour": 3600, "minute": 60, "second": 1}
_HALF = re.compile(r"([AaPp])\.?[Mm]\b")
_PLAIN = re.compile(r"\d{1,9}(?:\.\d{1,9})?(?:e-?\d)?")


def parse_time(text: str) -> float | None:
    """The seconds of a written time; a time of day with AM or PM counts from midnight; None where it is no time."""
    text = text.strip()
    if match := _PARTS.match(text):
        hours, minutes, seconds, fraction = match.groups()
        total = int(hours or 0) * 3600 + int(minutes) * 60 + int(seconds) + float(f"0.{fraction or 0}")
        if half := _HALF.search(text):
            # `10:31 AM` is hours and minutes, where `10:31` is minutes and seconds
            total = total if hours else total * 60
            afternoon = half.group(1).lower() == "p"
            total = total % (12 * 3600) + afternoon * 12 * 3600
        return round(total, 3)
    if spelled := _WORDS.findall(text):
        return float(sum(int(number) * _UNITS[unit] for number, unit in spelled))
    return None


def is_time_of_day(text: str) -> bool:
    """Whether a time is of the day, having AM or PM, and not of the recording."""
    return _HALF.search(text) is not None


def parse_seconds(text: str) -> float | None:
    """The seconds of a number or of a written time; None where it is neither."""
    text = text.strip().removesuffix("s")
    if _PLAIN.fullmatch(text):
        return round(float(text), 3)
    return parse_time(text) if _PARTS.fullmatch(text) else None
