"""From the bytes of a text file to its lines, however long they are and however they end.

A line ends with LF, CRLF or a lone CR, and keeps its ending. A file marked as UTF-16 becomes UTF-8 on the way; what is
not valid in it becomes bytes that are not UTF-8 either, so that only the line it stands in fails.
"""

import codecs
from collections.abc import Callable, Iterator
from typing import BinaryIO

from service.errors import AnswersInvalid

CHUNK_BYTES = 1 << 18

Line = tuple[int, bytes | None]
"""The number of a line, from 1, and its bytes; None in their place where it is longer than the bound."""

_NEWLINES = b"\r\n"
_MARKS_OF_UTF16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
_NOT_TEXT = {
    b"PK\x03\x04": "a zip archive, as Excel workbooks are too; save the table as CSV",
    b"\x1f\x8b": "compressed with gzip; unpack it first",
    b"%PDF-": "a PDF document; save the answers as CSV or JSON lines",
    b"PAR1": "a Parquet file; read it as parquet",
}


def read_lines(file: BinaryIO, *, name: str, bound: int) -> Iterator[Line]:
    """The lines of a text file; one of more than `bound` bytes is read past without being kept.

    Raises:
        AnswersInvalid: it is an archive or another file that has no lines.
    """
    number = 1
    begun: list[bytes] = []  # the line whose end is not read yet
    size = 0
    for chunk in read_chunks(file, name=name):
        for part in chunk.splitlines(keepends=True):
            if part[-1] not in _NEWLINES:  # only the last part of a chunk
                size += len(part)
                begun.append(part)
                if size > bound:
                    begun.clear()
                continue
            if size:
                whole = b"".join((*begun, part)) if size + len(part) <= bound else None
                begun.clear()
                size = 0
            else:
                whole = part if len(part) <= bound else None
            yield number, whole
            number += 1
    if size:
        yield number, b"".join(begun) if size <= bound else None


def read_chunks(file: BinaryIO, *, name: str) -> Iterator[bytes]:
    """The bytes of a file in UTF-8 without a byte order mark; no chunk ends between the CR and LF of one line.

    Raises:
        AnswersInvalid: it is an archive or another file that has no lines.
    """
    held = b""
    for chunk in _in_utf8(file, name):
        joined = held + chunk
        held = b"\r" if joined.endswith(b"\r") else b""
        yield joined[:-1] if held else joined
    if held:
        yield held


def _in_utf8(file: BinaryIO, name: str) -> Iterator[bytes]:
    # A pipe is read as it fills: whoever writes it may wait for the first results.
    read: Callable[[int], bytes] = getattr(file, "read1", file.read)
    head = b""
    while len(head) < 5 and (chunk := read(CHUNK_BYTES)):
        head += chunk
    for beginning, what in _NOT_TEXT.items():
        if head.startswith(beginning):
            raise AnswersInvalid(f"{name}: this is {what}.")
    if head.startswith(_MARKS_OF_UTF16):
        yield from _from_utf16(head, read)
        return
    yield head.removeprefix(codecs.BOM_UTF8)
    while chunk := read(CHUNK_BYTES):
        yield chunk


def _from_utf16(head: bytes, read: Callable[[int], bytes]) -> Iterator[bytes]:
    decoder = codecs.getincrementaldecoder("utf-16")(errors="surrogatepass")
    chunk = head
    while chunk:
        yield decoder.decode(chunk).encode("utf-8", errors="surrogatepass")
        chunk = read(CHUNK_BYTES)
    try:
        yield decoder.decode(b"", final=True).encode("utf-8", errors="surrogatepass")
    except UnicodeDecodeError:  # it ends in the middle of a character
        yield b"\xff"
