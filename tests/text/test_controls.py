"""Characters that steer instead of being read."""

import pytest

from service.text.controls import printable


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("RAG, caf\u00e9 \U0001f600", "RAG, caf\u00e9 \U0001f600", id="ordinary"),
        pytest.param("\x1b[31mred\x07", "[31mred", id="terminal sequences"),
        pytest.param("a\r\nb\tc", "a  b c", id="line breaks and tabs"),
        pytest.param("\u202egrade 3\u202c", "grade 3", id="right to left override"),
        pytest.param("a\ufe0f\U000e0101\u034fb", "ab", id="selectors, which can hide text"),
        pytest.param("x\u200by\ue000\x00\x9b", "xy", id="invisible, private, NUL and C1"),
    ],
)
def test_only_what_is_read_stays(text: str, expected: str) -> None:
    """Letters, marks and signs stay; control, format and private characters go."""
    shown = printable(text)

    assert shown == expected
