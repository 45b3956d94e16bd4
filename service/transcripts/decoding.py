"""From the bytes of a file to text with one kind of line break, or an error that says at which byte it stops."""

import codecs
import re

from service.errors import TranscriptInvalid
from service.grading import Notice

MAX_BYTES = 32_000_000
"""Word by word JSON of some six hours of speech; a longer file is no transcript of one conversation."""
MAX_LINES = 200_000
MAX_CHARACTERS = 8_000_000
"""Of a file of lines, which has no timings of single words: some days of speech."""

_BOMS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),  # before UTF-16, whose mark it begins with
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_SIGNATURES = (
    (b"PK\x03\x04", "a Word document or another zip archive"),
    (b"%PDF", "a PDF"),
    (b"\xd0\xcf\x11\xe0", "an old Office document"),
    (b"{\\rtf", "a rich text document"),
    (b"\x1f\x8b", "a gzip archive"),
    (b"\x1a\x45\xdf\xa3", "a video"),
    (b"ID3", "an audio recording"),
    (b"RIFF", "an audio recording"),
    (b"PAR1", "a Parquet file"),
)
_SAVE_AS = "Save the transcript as plain text, WebVTT, SRT, CSV or JSON, in UTF-8."

# What Windows-1252 has beyond ASCII and prose really uses; most wrong guesses bring other characters.
_WESTERN = re.compile(rb"[\x80\x85\x91-\x97\x99\xa0\xa1\xa3\xa7\xab\xb0\xb7\xbb\xbf\x8a\x8c\x8e\x9a\x9c\x9e\xc0-\xfe]")
_UNLIKELY = re.compile(rb"[\xd0\xd7\xde\xf0\xf7\xfe]|[\x80-\xff]{3}|[a-z][\xc0-\xde]")


def decode(content: bytes) -> tuple[str, tuple[Notice, ...]]:
    """The text of a file without its byte order mark, with line feeds for all line breaks.

    Reads UTF-8, UTF-16 and UTF-32 with a mark, and UTF-16 or Windows-1252 without one where that is plain; such a
    guess is a notice.

    Raises:
        TranscriptInvalid: The file is empty, too large or not text; the message has the byte and the line.
    """
    _check_kind(content)
    encoding, mark, notices = _encoding(content)
    try:
        text = content[mark:].decode(encoding)
    except UnicodeDecodeError as error:
        if encoding != "utf-8" or not _looks_western(content):
            at = mark + error.start
            raise _broken(content, at, encoding) from None
        text = content.decode("windows-1252")
        notices = (_guessed("Windows-1252", "it is not UTF-8"),)
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    if (nul := text.find("\0")) >= 0:
        line = text.count("\n", 0, nul) + 1
        raise TranscriptInvalid(f"line {line}: a NUL character, so this is not a text file. {_SAVE_AS}")
    if not text.replace("\ufeff", "").strip():
        raise TranscriptInvalid("The file is empty. Choose the file that holds the transcript.")
    if text.count("\n") > MAX_LINES:
        raise TranscriptInvalid(f"The file has more than {MAX_LINES:,} lines. Give one conversation per file.")
    return text, notices


def decode_head(head: bytes) -> str | None:
    """The text of the first bytes of a file, as far as whole characters go; None where it is no text."""
    try:
        return decode(head[: len(head) - len(head) % 4] if head[1:2] == b"\0" or head[:1] == b"\0" else head)[0]
    except TranscriptInvalid:
        pass
    for cut in range(1, 4):  # a character of UTF-8 that the end of the head has cut through
        try:
            text = head[:-cut].decode("utf-8-sig")
        except UnicodeDecodeError:
            continue
        return text.replace("\r\n", "\n").replace("\r", "\n") if text.strip() and "\0" not in text else None
    return None


def _check_kind(content: bytes) -> None:
    if not content:
        raise TranscriptInvalid("The file is empty. Choose the file that holds the transcript.")
    if len(content) > MAX_BYTES:
        raise TranscriptInvalid(
            f"The file has {len(content):,} bytes, and a transcript {MAX_BYTES:,} at most. Give one conversation per "
            "file, and leave word timings out."
        )
    for signature, kind in _SIGNATURES:
        if content.startswith(signature):
            raise TranscriptInvalid(f"The file is {kind}, which is not read. {_SAVE_AS}")


def _encoding(content: bytes) -> tuple[str, int, tuple[Notice, ...]]:
    """The encoding, the length of its mark, and a notice where it is a guess."""
    for mark, encoding in _BOMS:
        if content.startswith(mark):
            return encoding, len(mark), ()
    head = content[:4000]
    even, odd = head[::2].count(0), head[1::2].count(0)
    if len(content) % 2 == 0 and max(even, odd) > len(head) * 0.2 and min(even, odd) < len(head) * 0.02:
        encoding = "utf-16-be" if even > odd else "utf-16-le"
        return encoding, 0, (_guessed(encoding.upper(), "every other byte is zero"),)
    return "utf-8", 0, ()


def _guessed(encoding: str, why: str) -> Notice:
    message = f"The file was read as {encoding}, because {why}. Save it as UTF-8 if letters look wrong."
    return Notice(code="encoding-guessed", message=message)


def _looks_western(content: bytes) -> bool:
    """Whether bytes that are no UTF-8 are likely prose in Windows-1252, rather than UTF-8 that was damaged."""
    if any(ord(character) > 127 for character in content.decode("utf-8", "ignore")):
        return False  # some of it is UTF-8
    high = re.findall(rb"[\x80-\xff]", content)
    return len(high) * 5 < len(content) and all(map(_WESTERN.fullmatch, high)) and not _UNLIKELY.search(content)


def _broken(content: bytes, at: int, encoding: str) -> TranscriptInvalid:
    where = f"byte {at}"
    if encoding == "utf-8":
        line = content[:at].replace(b"\r\n", b"\n").replace(b"\r", b"\n").count(b"\n") + 1
        where = f"line {line}, byte {at}"
    return TranscriptInvalid(f"{where}: not {encoding.upper()} text. Save the file as UTF-8 and try again.")
