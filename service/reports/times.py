"""Places in a transcript, as a person reads them."""

from service.grading import EvidenceSource


def clock(seconds: float) -> str:
    """A time from the start of a recording: `3:05`, or `1:03:05` from an hour on."""
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def place_in_transcript(source: EvidenceSource | None) -> str:
    """The turn and, where it is known, the time; nothing of an answer that was not spoken."""
    if source is None:
        return ""
    return f"turn {source.turn}" if source.start_s is None else f"turn {source.turn}, {clock(source.start_s)}"
