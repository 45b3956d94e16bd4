import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.store.packing import pack, unpack

DICTIONARY = b'{"answer_id":null,"metadata":{},"warnings":[]}'


@given(content=st.binary(max_size=2_000), dictionary=st.binary(min_size=1, max_size=200))
def test_what_is_packed_comes_back(content: bytes, dictionary: bytes) -> None:
    """Any bytes, against any dictionary."""
    packed = pack(content, dictionary)

    assert unpack(packed, dictionary) == content


@given(content=st.binary(max_size=500))
def test_the_general_dictionary_is_the_same_on_both_sides(content: bytes) -> None:
    """Without one of its own, too."""
    packed = pack(content)

    assert unpack(packed) == content


def test_of_a_long_dictionary_the_end_counts() -> None:
    """A dictionary longer than the window packs and unpacks, and what stands at its end is used."""
    end = bytes(range(256)) * 8
    dictionary = b"x" * 100_000 + end

    packed = pack(end, dictionary)

    assert unpack(packed, dictionary) == end
    assert len(packed) < len(pack(end, b"x")) / 2


def test_what_the_dictionary_knows_takes_little_room() -> None:
    """That is what it is for."""
    content = DICTIONARY + b"!"

    packed = pack(content, DICTIONARY)

    assert len(packed) < len(content) / 2


@pytest.mark.parametrize(
    "packed",
    [
        pytest.param(pack(DICTIONARY, b"another"), id="another dictionary"),
        pytest.param(b"no such thing", id="never packed"),
    ],
)
def test_what_cannot_be_unpacked_is_no_silence(packed: bytes) -> None:
    """A wrong dictionary would give another text; it is refused."""
    with pytest.raises(zlib.error):
        unpack(packed, DICTIONARY)


def test_what_was_cut_short_is_no_silence() -> None:
    """Half of a verdict is not taken for one."""
    packed = pack(b"0123456789" * 50, DICTIONARY)

    with pytest.raises(zlib.error):
        unpack(packed[: len(packed) // 2], DICTIONARY)
