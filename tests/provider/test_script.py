from hypothesis import given
from hypothesis import strategies as st

from tests.provider.prompts import Prompt
from tests.provider.script import BROKEN_REPLIES, FAULTS, STATUSES, Script


def prompt(key: str, complaint: str = "") -> Prompt:
    """A prompt with this key."""
    return Prompt(key, "an answer", "digest", "a question", complaint, None, 10)


shares = st.dictionaries(st.sampled_from(sorted(FAULTS)), st.floats(0, 1 / len(FAULTS)))


@given(faults=shares, seed=st.integers(), key=st.text(), attempt=st.integers(1, 5), complained=st.booleans())
def test_a_fate_hangs_on_nothing_but_its_parts(
    *, faults: dict[str, float], seed: int, key: str, attempt: int, complained: bool
) -> None:
    """And is one of those asked for, only where faults may come, and within the latency allowed."""
    script = Script(seed=seed, latency_s=1.0, jitter=0.5, faults=faults)
    asked = prompt(key, "Not valid: it." if complained else "")

    fate = script.fate(asked, attempt)

    assert fate == script.fate(asked, attempt)
    assert fate.style == "bare"
    assert fate.fault is None or (fate.fault in faults and attempt <= script.faulty_attempts)
    assert not (complained and fate.fault in BROKEN_REPLIES)
    assert fate.billed == (fate.fault not in {*STATUSES, "drop", "hang", "not-json"})
    low, high = {"429": (0.0, 0.0), "slow": (5.0, 15.0)}.get(fate.fault or "", (0.5, 1.5))
    assert low <= fate.delay_s <= high


def test_shares_are_kept() -> None:
    """Over many prompts, each fault comes about as often as asked for."""
    script = Script(seed=7, faults={"429": 0.1, "drop": 0.3})

    fates = [script.fate(prompt(str(number)), 1).fault for number in range(4_000)]

    assert 320 < fates.count("429") < 480
    assert 1_100 < fates.count("drop") < 1_300
    assert fates.count(None) == 4_000 - fates.count("429") - fates.count("drop")
