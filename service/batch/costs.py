"""What grading would cost, from how long replies are: as measured where there are results, else as is usual."""

import math
from collections.abc import Callable, Sequence
from typing import NamedTuple

from service.grading import Usage
from service.rubric import Rubric

# Tokens of one entry of a reply: usual ones with a quote or two and a sentence on each question, and long ones.
_PER_CRITERION, _PER_CRITERION_LONG = 110, 200
_PER_FLAG, _PER_FLAG_LONG = 25, 45
_MORE_CALLS_WHEN_LONG = 1.5
"""How many times the calls it takes if every reply holds; asked again is what does not."""
_ENOUGH_MEASURED = 5


class Reply(NamedTuple):
    """What grading one answer takes of a model, all its calls together: calls, and tokens of their replies."""

    calls: float
    tokens: float


class Replies(NamedTuple):
    """What half of the answers take at most, and what nine in ten do; from `measured` results, or 0 for none."""

    p50: Reply
    p90: Reply
    measured: int = 0


Measured = Callable[[Rubric], Sequence[Usage]]
"""What grading took for answers that were graded by a rubric before, in the same way."""


class Gradings(NamedTuple):
    """How one answer is graded: by how many gradings, each of which writes a whole reply, in how many calls."""

    gradings: float = 1.0
    calls: float = 1.0


def expected_replies(rubric: Rubric, usages: Sequence[Usage], gradings: Gradings) -> Replies:
    """What grading an answer by a rubric is likely to take."""
    if len(usages) >= _ENOUGH_MEASURED:
        tokens, calls = sorted(each.completion_tokens for each in usages), sorted(each.calls for each in usages)
        p50, p90 = (Reply(_quantile(calls, share), _quantile(tokens, share)) for share in (0.5, 0.9))
        return Replies(p50, p90, len(usages))
    criteria, flags = len(rubric.criteria), len(rubric.red_flags)
    usual = criteria * _PER_CRITERION + flags * _PER_FLAG
    long = (criteria * _PER_CRITERION_LONG + flags * _PER_FLAG_LONG) * _MORE_CALLS_WHEN_LONG
    return Replies(
        Reply(gradings.calls, gradings.gradings * usual),
        Reply(gradings.calls * _MORE_CALLS_WHEN_LONG, gradings.gradings * long),
    )


def _quantile(values: Sequence[int], share: float) -> float:
    """The smallest of sorted values that so large a share does not exceed."""
    return float(values[max(0, math.ceil(share * len(values)) - 1)])
