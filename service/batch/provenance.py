"""What the verdicts of a run were read from, packed small beside them."""

from pydantic import TypeAdapter

from service.grading import Record
from service.store.packing import pack, unpack

_RECORDS = TypeAdapter(tuple[Record, ...])


def pack_records(records: tuple[Record, ...], verdict: bytes, answer: str) -> bytes | None:
    """Records to keep beside a verdict, which is given as it is stored; None for none.

    A reply and the verdict that was read from it hold the same quotes and reasons, so one is packed against the other.
    """
    return pack(_RECORDS.dump_json(records, exclude_defaults=True), _context(verdict, answer)) if records else None


def unpack_records(packed: bytes, verdict: bytes, answer: str) -> tuple[Record, ...]:
    """What was packed.

    Raises:
        zlib.error: the verdict or the answer is another.
        pydantic.ValidationError: it was kept by a newer version of this program.
    """
    return _RECORDS.validate_json(unpack(packed, _context(verdict, answer)))


def _context(verdict: bytes, answer: str) -> bytes:
    return answer.encode() + verdict
