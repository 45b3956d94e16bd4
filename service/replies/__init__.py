"""What the model writes back: the schema it is given, reading its text, and checking every claim in it."""

from service.replies.checking import Checked, Item, broken_relations, check_reply
from service.replies.evidence import EvidenceLookup
from service.replies.reading import RawReply, parse_reply
from service.replies.schema import NONCE, SCHEMA_NAME, reply_schema

__all__ = [
    "NONCE",
    "SCHEMA_NAME",
    "Checked",
    "EvidenceLookup",
    "Item",
    "RawReply",
    "broken_relations",
    "check_reply",
    "parse_reply",
    "reply_schema",
]
