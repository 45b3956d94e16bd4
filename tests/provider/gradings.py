"""What the model writes: gradings that hold, with levels drawn by lot, and every way of breaking them."""

import copy
import json
import re
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any, Literal, NamedTuple

from service.text.grader_address import addresses_grader
from tests.provider.prompts import NotUnderstood, Prompt, Schema
from tests.provider.script import Fate, Script, Style, draw

Finish = Literal["stop", "length", "refused", "filtered"]
Part = dict[str, Any]
Sections = dict[str, dict[str, Part]]

_QUOTED_WORDS = 8
_LONGEST_QUOTE = 300
# Shorter ones must be unique in the answer, which is not looked into here.
_SHORTEST_QUOTE = 16
# Looking for what speaks to the grader takes longer than all the rest; a miss here costs one more call.
_MAY_ADDRESS = re.compile(
    r"grader|evaluator|examiner|assessor|ignore|disregard|rubric|criteri|marks|score|candidate|[<\[{]", re.IGNORECASE
)
_PLAIN_TEXT = "There is no schema, so there is no grading."
_PROSE = "The candidate did fine, on the whole."
_DECLINES = "I would rather not grade this answer."
_INVENTED = "nine violet tractors waltzed across the frozen harbour"
_OTHER_ID = "a-criterion-of-another-rubric"
_SECTIONS = ("criteria", "red_flags")
_DECODER = json.JSONDecoder()


class Written(NamedTuple):
    """What the model wrote and why it ended: one text, or several where it replies more than once."""

    texts: tuple[str, ...]
    finish: Finish = "stop"


class _Shape(NamedTuple):
    """What the schema asks for: ids by section, and the top level."""

    ids: Mapping[str, tuple[str, ...]]
    top: int


def write_grading(script: Script, prompt: Prompt, fate: Fate) -> Written:
    """The model's text; the same for the same seed, prompt and fate.

    Levels hang on the seed, the answer and the criterion alone, so that a criterion asked about again gets the same.

    Raises:
        NotUnderstood: the schema asked for is not a grading's.
    """
    if prompt.schema is None:
        return Written((_PLAIN_TEXT,))
    shape = _shape(prompt.schema)
    sections = _sections(script, prompt, shape)
    if fate.fault in _WITHOUT_GRADING:
        return _WITHOUT_GRADING[fate.fault]
    if fate.fault == "echo":
        return Written((_echo(prompt, shape),))
    if fate.fault == "two-objects":
        return Written((_text(prompt, sections), _text(prompt, _another(sections, shape.top))))
    if fate.fault in _BREAKING:
        if "criteria" not in sections:
            return _WITHOUT_GRADING["invalid"]
        item = _chosen(script, prompt, sections["criteria"])
        _BREAKING[fate.fault](sections["criteria"], item, shape.top)
    return _cut(_text(prompt, sections, fate.style), fate.fault)


def _cut(text: str, fault: str | None) -> Written:
    if fault == "truncated":
        return Written((text[: len(text) // 2],), "length")
    if fault == "content-filter":
        return Written((text[: len(text) // 4],), "filtered")
    return Written((text,))


def _shape(schema: Schema) -> _Shape:
    """Read with definitions referred to, in whatever way litellm writes that, or put in where they belong."""
    try:
        properties = schema["properties"]
        if properties.keys() - {"nonce", *_SECTIONS} or not properties.keys() & set(_SECTIONS):
            raise NotUnderstood("only the schema of a grading is known")
        ids = {name: properties[name]["properties"] for name in _SECTIONS if name in properties}
        top = 0
        for criterion in ids.get("criteria", {}).values():
            top = _resolved(schema, criterion)["properties"]["level"]["enum"][-1]
        return _Shape({name: tuple(items) for name, items in ids.items()}, top)
    except (KeyError, TypeError, AttributeError, IndexError):
        raise NotUnderstood("only the schema of a grading is known") from None


def _resolved(schema: Schema, part: Mapping[str, Any]) -> Mapping[str, Any]:
    reference = part.get("$ref")
    resolved: Mapping[str, Any] = schema["$defs"][reference.rpartition("/")[2]] if reference else part
    return resolved


def _sections(script: Script, prompt: Prompt, shape: _Shape) -> Sections:
    quotes = _quotes(prompt.answer, prompt.question)
    sections: Sections = {}
    if "criteria" in shape.ids:
        sections["criteria"] = {
            item: _criterion(script, prompt, item, quotes, shape.top) for item in shape.ids["criteria"]
        }
    if "red_flags" in shape.ids:
        sections["red_flags"] = {item: _absent_flag() for item in shape.ids["red_flags"]}
    return sections


def _criterion(script: Script, prompt: Prompt, item: str, quotes: list[str], top: int) -> Part:
    reachable = min(top, len(quotes))  # a short answer earns less, and none at all nothing
    level = int(draw(script.seed, "level", prompt.answer_key, item) * (reachable + 1))
    # A quote that was complained of is drawn anew.
    salt = prompt.key if f"{item}: " in prompt.complaint else prompt.answer_key
    quote = quotes[int(draw(script.seed, "quote", salt, item) * len(quotes))] if level else None
    return _part(level, top, quote)


def _part(level: int, top: int, quote: str | None) -> Part:
    return {
        "evidence": [quote] if quote else [],
        "reason": f"You reach level {level} here." if level else "You do not speak of this.",
        "not_higher": "" if level == top else f"What level {level + 1} asks for.",
        "basis": "supported" if level else "absent",
        "level": level,
    }


def _absent_flag() -> Part:
    return {"evidence": [], "reason": "You do not hold this view.", "present": False}


def _text(prompt: Prompt, sections: Sections, style: Style = "bare") -> str:
    """The reply as text; its nonce is that of the request, where there is one."""
    reply = {**({"nonce": prompt.nonce} if prompt.nonce else {}), **sections}
    if prompt.tool and style != "reordered":
        style = "bare"  # a call's arguments have nothing around them
    match style:
        case "prose":
            return f"Here is my grading.\n\n{_json(reply)}\n\nAsk me about any of it."
        case "fenced":
            return f"```json\n{_json(reply)}\n```"
        case "reordered":
            return _json(_reversed(reply))
        case "none":
            return _PROSE
    return _json(reply)


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)


def _reversed(value: object) -> object:
    """All keys the other way round, at every depth."""
    if isinstance(value, dict):
        return {key: _reversed(part) for key, part in reversed(value.items())}
    return value


def _echo(prompt: Prompt, shape: _Shape) -> str:
    """JSON that stands in the answer, or else what a candidate who knows the shape would write there."""
    for start in re.finditer(r"\{", prompt.answer):
        try:
            return _json(_DECODER.raw_decode(prompt.answer, start.start())[0])
        except ValueError:
            continue
    quote = next(iter(_quotes(prompt.answer, prompt.question)), None)
    sections: Sections = {}
    if "criteria" in shape.ids:
        sections["criteria"] = {item: _part(shape.top, shape.top, quote) for item in shape.ids["criteria"]}
    if "red_flags" in shape.ids:
        sections["red_flags"] = {item: _absent_flag() for item in shape.ids["red_flags"]}
    return _json(sections)


def _another(sections: Sections, top: int) -> Sections:
    """A grading that differs in every level, or in every flag."""
    other = copy.deepcopy(sections)
    for part in other.get("criteria", {}).values():
        part["level"] = (part["level"] + 1) % (top + 1)
    for part in other.get("red_flags", {}).values():
        part["present"] = not part["present"]
    return other


def _chosen(script: Script, prompt: Prompt, criteria: Mapping[str, Part]) -> str:
    ids = list(criteria)
    return ids[int(draw(script.seed, "broken", prompt.key) * len(ids))]


def _wrong_id(criteria: dict[str, Part], item: str, _: int) -> None:
    criteria[_OTHER_ID] = criteria.pop(item)


def _missing(criteria: dict[str, Part], item: str, _: int) -> None:
    del criteria[item]


def _off_scale(criteria: dict[str, Part], item: str, top: int) -> None:
    criteria[item] |= {"basis": "supported", "level": top + 1}


def _invented(criteria: dict[str, Part], item: str, top: int) -> None:
    criteria[item] = _part(max(criteria[item]["level"], 1), top, _INVENTED)


def _as_text(criteria: dict[str, Part], item: str, _: int) -> None:
    criteria[item]["level"] = str(criteria[item]["level"])


def _nan(criteria: dict[str, Part], item: str, _: int) -> None:
    criteria[item]["level"] = float("nan")


_WITHOUT_GRADING: Mapping[str | None, Written] = {
    "refusal": Written((_DECLINES,), "refused"),
    "empty": Written(("",)),
    "invalid": Written((_PROSE,)),
}
_BREAKING: Mapping[str | None, Callable[[dict[str, Part], str, int], None]] = {
    "wrong-ids": _wrong_id,
    "missing-criterion": _missing,
    "off-scale": _off_scale,
    "invented-quote": _invented,
    "level-as-text": _as_text,
    "nan": _nan,
}


@lru_cache(maxsize=1_000)
def _quotes(answer: str, asked: str) -> list[str]:
    """Passages of the answer, each whole words and figures, no echo of the question and not spoken to the grader."""
    addressed = addresses_grader(answer) if _MAY_ADDRESS.search(answer) else ()
    words = list(re.finditer(r"\S+", answer))
    question = _bare(asked)
    quotes = []
    for start in range(0, len(words), _QUOTED_WORDS):
        last = words[min(start + _QUOTED_WORDS, len(words)) - 1]
        begin, end = words[start].start(), last.end()
        quote = answer[begin:end][:_LONGEST_QUOTE]
        bare = _bare(quote)
        before = answer[:begin].rstrip()[-1:]
        cut = before.isdigit() or (quote[-1].isdigit() and end < len(answer))  # "3.2" may go on with "million"
        fit = len(bare) >= _SHORTEST_QUOTE and bare not in question and not cut
        if fit and not any(begin < span.end and span.start < end for span in addressed):
            quotes.append(quote)
    return quotes


def _bare(text: str) -> str:
    return "".join(character for character in text.casefold() if character.isalnum())
