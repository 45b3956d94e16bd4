"""A tiny rubric, an answer to it, and replies that grade it rightly, to be changed by tests."""

import json
from copy import deepcopy
from functools import cache
from pathlib import Path
from typing import Any

from service.answer import Answer, parse_answer
from service.rubric import Rubric, load_rubric
from tests.completions.scripted import NONCE

FIXTURES = Path(__file__).parent.parent.parent / "fixtures"

TEXT = (
    "I always wipe the chain clean before I oil it, because grit in the oil grinds the links down. "
    "Then, um, one drop of oil per link. I check wear with a gauge and replace the chain at 0.5 percent."
)

Tree = dict[str, Any]

_REPLY: Tree = {
    "nonce": NONCE,
    "criteria": {
        "cleaning": {
            "evidence": ["wipe the chain clean before I oil it", "grit in the oil grinds the links down"],
            "reason": "You clean first and say why.",
            "not_higher": "",
            "basis": "supported",
            "level": 2,
        },
        "oiling": {
            "evidence": ["one drop of oil per link"],
            "reason": "You say how much oil.",
            "not_higher": "Why the rest is wiped off.",
            "basis": "supported",
            "level": 1,
        },
        "wear": {
            "evidence": ["I check wear with a gauge and replace the chain at 0.5 percent"],
            "reason": "You measure wear and name the limit.",
            "not_higher": "",
            "basis": "supported",
            "level": 2,
        },
    },
    "red_flags": {"water-jet": {"evidence": [], "reason": "You do not use one.", "present": False}},
}

ALL = ("cleaning", "oiling", "wear", "water-jet")


@cache
def tiny() -> Rubric:
    """The rubric about bicycle chains: three criteria, one flag, one relation, levels 0 to 2."""
    return load_rubric(FIXTURES / "rubrics" / "tiny.yaml")


def answer(text: str = TEXT) -> Answer:
    """An answer to the tiny rubric."""
    return parse_answer(text)


def tree() -> Tree:
    """A reply that grades the answer rightly, as a tree of one's own to change."""
    return deepcopy(_REPLY)


def reply(**changes: Tree) -> str:
    """The right reply with fields of some items changed; `water_jet` stands for the flag."""
    changed = tree()
    for name, fields in changes.items():
        item_id = name.replace("_", "-")
        section = "red_flags" if item_id in changed["red_flags"] else "criteria"
        changed[section][item_id] |= fields
    return json.dumps(changed)


def reply_of(*ids: str, **changes: Tree) -> str:
    """Like `reply`, with these ids only."""
    changed = json.loads(reply(**changes))
    nonce = changed.pop("nonce")
    kept = {section: {key: value for key, value in part.items() if key in ids} for section, part in changed.items()}
    return json.dumps({"nonce": nonce} | {section: part for section, part in kept.items() if part})
