"""Which field of a row holds what.

| field | also called | what it is |
|---|---|---|
| `answer` | `answer_text`, `candidate_answer`, `response`, `text` | the text to grade |
| `id` | `answer_id`, `response_id`, `submission_id`, `candidate_id` | the client's own name for it |
| `rubric` | | id of the rubric |
| `question`, `reference` | | what was asked, and a model answer |
| `metadata` | | an object that the verdict repeats |

Case does not matter, nor whether words are joined by a space, a hyphen or an underscore. A field called by its own name
goes before the others; two of the other names for an answer side by side are refused, because the wrong one might be
graded. Of several ids the first in the table counts. Whatever is left over is kept as metadata.
"""

import re
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from service.text.controls import printable

ANSWER = ("answer", "answer_text", "candidate_answer", "response", "text")
ID = ("id", "answer_id", "response_id", "submission_id", "candidate_id")
_ONCE = ("answer", "rubric", "question", "reference", "metadata")

_JOINTS = re.compile(r"[\s_-]+")


class Layout(NamedTuple):
    """Where the parts of a submission stand in a row with certain field names; `unclear` says why it cannot be told."""

    answer: str | None = None
    ids: tuple[str, ...] = ()
    rubric: str | None = None
    question: str | None = None
    reference: str | None = None
    metadata: str | None = None
    others: tuple[str, ...] = ()
    unclear: str | None = None


def plain_name(name: str) -> str:
    """A field's name without the differences that do not count: `Answer ID` is `answer_id`."""
    return _JOINTS.sub("_", name.strip().lower())


def find_layout(names: Sequence[str]) -> Layout:
    """Tell the fields of a row by their names."""
    written = _by_plain_name(names)
    answers = [name for known in ANSWER for name in written.get(known, ())]
    unclear = _what_is_unclear(written)
    answer = answers[0] if answers else None
    sure = len(written.get("id", ())) < 2
    ids = tuple(name for known in ID for name in written.get(known, ()) if sure)
    rubric, question, reference, metadata = (written.get(field, [None])[0] for field in _ONCE[1:])
    # An id that is not the first is kept like any other field; where the first is empty, the next stands in for it.
    used = {answer, *ids[:1], rubric, question, reference, metadata}
    others = tuple(name for name in names if name not in used)
    return Layout(answer, ids, rubric, question, reference, metadata, others, unclear)


def _by_plain_name(names: Iterable[str]) -> dict[str, list[str]]:
    written: dict[str, list[str]] = {}
    for name in names:
        written.setdefault(plain_name(name), []).append(name)
    return written


def _what_is_unclear(written: dict[str, list[str]]) -> str | None:
    twice = next((field for field in (*_ONCE, "id") if len(written.get(field, ())) > 1), None)
    if twice:
        return f"several fields are called `{twice}`; keep one of them"
    found = [known for known in ANSWER if known in written]
    if "answer" not in written and len(found) > 1:
        return f"any of {', '.join(f'`{name}`' for name in found)} could be the answer; call the right one `answer`"
    repeated = next((known for known in found if len(written[known]) > 1), None)
    if repeated and "answer" not in written:
        return f"several fields are called `{repeated}`; call the right one `answer`"
    return None


def show_names(names: Iterable[str]) -> str:
    """The names of columns for an error message.

    Where a file has no header these are the cells of its first row, so whatever is longer than a name is not shown.
    """
    shown = [_shown(name) for name in names]
    more = f" and {len(shown) - 20} more" if len(shown) > 20 else ""
    return ", ".join(shown[:20]) + more if shown else "none"


def _shown(name: str) -> str:
    if len(name) > 40 or len(name.split()) > 4:
        return f"(text of {len(name)} characters)"
    return f"`{printable(name)}`"


def make_different(names: Iterable[str]) -> list[str]:
    """The names of a table's columns, made different: a nameless one is `column 3`, a second `x` is `x (2)`."""
    result: list[str] = []
    counts: dict[str, int] = {}
    for place, name in enumerate(names, start=1):
        chosen = given = name if name.strip() else f"column {place}"
        while chosen in counts:
            counts[given] += 1
            chosen = f"{given} ({counts[given]})"
        counts[chosen] = 1
        result.append(chosen)
    return result
