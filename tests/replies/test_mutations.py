"""What a grader makes of more than a thousand replies that are wrong or ugly.

Each goes the real way: a model gives it, and refuses when it is asked again. A grade is silently wrong when a criterion
has another level, or a flag another state, than the right reply gives it. Beyond what can be told from one reply is a
reply in the right shape whose quotes are all true: items swapped whole, another level beside true evidence, a criterion
called absent. Those are counted apart; only a second look, a panel or a person finds them.
"""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from random import Random

import pytest

from service.answer import Answer
from service.completions import Completion
from service.graders.llm import LLMGrader
from service.grading import Evidence, FlagGraded, Graded, Grading, Ungraded
from service.replies.evidence import EvidenceLookup, FoundEvidence
from service.rubric import Rubric
from tests.completions.scripted import ScriptedCompleter, completion
from tests.replies.mutations import BEYOND, UGLY, WRONG, Mutant, Mutate
from tests.replies.subjects import MARKS, Subject, subjects

REFUSAL = completion("", refusal="no")
RUN = 4
"""So many words in a row are words of the answer, not chance."""


@dataclass
class Row:
    """What became of the mutants of one kind."""

    mutants: int = 0
    calls: int = 0
    wrong: int = 0
    graded: int = 0
    ungraded: int = 0
    recovered: int = 0
    told: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Outcome:
    """A grading, and everything that was said of the reply to the model or to readers."""

    grading: Grading
    said: str


async def outcome(rubric: Rubric, answer: Answer, text: str | Completion) -> Outcome:
    """Grade by a model that says this, and nothing after it."""
    completer = ScriptedCompleter(text, REFUSAL)
    grading = await LLMGrader(completer, make_marks=lambda: MARKS).grade(rubric, answer)
    complaints = [request.messages[-1].content for request in completer.sent if len(request.messages) > 2]
    reasons = [item.reason for item in (*grading.criteria, *grading.red_flags) if isinstance(item, Ungraded)]
    return Outcome(grading, "\n".join((*complaints, *reasons)))


def states(grading: Grading) -> dict[str, object]:
    """What is said of each item that is graded: level, basis and places of its evidence, or the flag's."""
    criteria = {
        item.id: (item.level, item.basis, _places(item)) for item in grading.criteria if isinstance(item, Graded)
    }
    flags = {item.id: (item.present, _places(item)) for item in grading.red_flags if isinstance(item, FlagGraded)}
    return {**criteria, **flags}


def grades(grading: Grading) -> dict[str, int | bool]:
    """The level or state of each item that is graded."""
    levels = {item.id: item.level for item in grading.criteria if isinstance(item, Graded)}
    return levels | {item.id: item.present for item in grading.red_flags if isinstance(item, FlagGraded)}


def _places(item: Graded | FlagGraded) -> tuple[tuple[int, int], ...]:
    return tuple((each.start, each.end) for each in item.evidence)


@cache
def runs(text: str) -> frozenset[tuple[str, ...]]:
    """Every few words in a row of a text, naively cut."""
    words = "".join(character.lower() if character.isalnum() else " " for character in text).split()
    return frozenset(tuple(words[i : i + RUN]) for i in range(len(words) - RUN + 1))


async def bench(kinds: Mapping[str, Mutate]) -> dict[str, Row]:
    """Apply every kind to every subject."""
    table: dict[str, Row] = defaultdict(Row)
    for subject in subjects():
        right = (await outcome(subject.rubric, subject.answer, subject.text())).grading
        for name, mutate in kinds.items():
            chance = Random(f"{subject.name} {name}")  # noqa: S311 - repeatable, not secret
            await _try(table[name], subject, mutate(subject, chance), right)
    return dict(table)


async def _try(row: Row, subject: Subject, mutant: Mutant, right: Grading) -> None:
    found = await outcome(subject.rubric, mutant.answer, mutant.text)
    wanted, got = grades(right), grades(found.grading)
    row.mutants += 1
    row.calls += found.grading.usage.calls
    row.graded += len(got)
    row.ungraded += len(wanted) - len(got)
    row.wrong += any(got[item_id] != wanted[item_id] for item_id in got)
    row.recovered += found.grading.usage.calls == 1 and states(found.grading) == states(right)
    row.told += [" ".join(run) for run in runs(found.said) & runs(mutant.answer.text)]


def shown(table: Mapping[str, Row]) -> str:
    """The table for people."""
    head = f"\n{'kind':52} mutants calls wrong graded ungraded recovered\n"
    return head + "\n".join(
        f"{name:52} {row.mutants:7} {row.calls:5} {row.wrong:5} {row.graded:6} {row.ungraded:8} {row.recovered:9}"
        for name, row in table.items()
    )


async def test_the_right_replies_are_right() -> None:
    """Every item is graded in one call, or the mutants would be refused for another reason than theirs."""
    for subject in subjects():
        found = await outcome(subject.rubric, subject.answer, subject.text())

        assert found.grading.usage.calls == 1, subject.name
        assert grades(found.grading) == {
            item_id: body["level"] if section == "criteria" else body["present"]
            for section in ("criteria", "red_flags")
            for item_id, body in subject.right[section].items()
        }


async def test_no_wrong_reply_becomes_a_grade() -> None:
    """Not one lie of a thousand is believed, each is asked about, and no complaint repeats the answer."""
    table = await bench(WRONG)

    assert sum(row.wrong for row in table.values()) == 0, shown(table)
    assert all(row.calls == 2 * row.mutants for row in table.values()), shown(table)
    assert [run for row in table.values() for run in row.told] == []
    assert len(table) >= 70, shown(table)
    assert sum(row.mutants for row in table.values()) >= 1_000, shown(table)


async def test_what_is_merely_ugly_is_read_without_another_call() -> None:
    """Nineteen of twenty at least, with the levels and the evidence of the right reply, and none with others."""
    table = await bench(UGLY)

    mutants = sum(row.mutants for row in table.values())
    assert sum(row.wrong for row in table.values()) == 0, shown(table)
    assert sum(row.recovered for row in table.values()) >= 0.95 * mutants, shown(table)
    assert len(table) >= 24, shown(table)
    assert mutants >= 336, shown(table)


async def test_what_one_reply_cannot_tell() -> None:
    """True quotes in the right shape are believed: what finds such lies has to see more than the reply."""
    table = await bench(BEYOND)

    assert {name: row.wrong > 0 for name, row in table.items()} == dict.fromkeys(BEYOND, True), shown(table)
    assert sum(row.mutants for row in table.values()) == len(BEYOND) * len(subjects())


async def test_the_bench_sees_an_open_lock(monkeypatch: pytest.MonkeyPatch) -> None:
    """Were every quote believed, it would count wrong grades."""
    anything = FoundEvidence((Evidence(quote="I", start=0, end=1),))
    subjects()  # the right replies are found, and kept, while the lock is shut
    monkeypatch.setattr(EvidenceLookup, "find", lambda *_: anything)

    table = await bench({name: mutate for name, mutate in WRONG.items() if name.startswith("quote ")})

    assert min(row.wrong for name, row in table.items() if name != "quote mark unescaped") > 0, shown(table)
