"""Who of an interview's speakers is the candidate."""

import pytest

from service.errors import SpeakerUnclear
from tests.transcripts.interview_scripts import ANSWERED, ASKED, asked_and_answered, interview


@pytest.mark.parametrize(
    ("asks", "answers"),
    [
        pytest.param("Interviewer", "Candidate", id="both by their parts"),
        pytest.param("Interviewer", "Interviewee", id="two words alike"),
        pytest.param("Recruiter", "Ann Lee", id="only who asks"),
        pytest.param("Tom", "Applicant", id="only who answers"),
        pytest.param("Tom (Host)", "Ann (Candidate)", id="beside the name"),
        pytest.param("Hiring Manager", "Ann", id="two words"),
        pytest.param("interviewer_0", "speaker1", id="numbered by a program"),
        pytest.param("Speaker 1", "Guest 2", id="a guest"),
        pytest.param("Q", "A", id="Q and A"),
        pytest.param("Question 1", "Answer 1", id="numbered"),
        pytest.param("I", "R", id="letters of research interviews"),
        pytest.param("Entrevistadora", "Candidata", id="Spanish"),
        pytest.param("Recruteur", "Candidat", id="French"),
        pytest.param("Interviewerin", "Bewerberin", id="German"),
        pytest.param("\u9762\u63a5\u5b98", "\u5019\u88dc\u8005", id="Japanese"),
        pytest.param("\u9762\u8bd5\u5b98", "\u5e94\u8058\u8005", id="Chinese"),
    ],
)
def test_names_tell(asks: str, answers: str) -> None:
    """Where the names say who is who, nothing need be asked in so many words."""
    found = interview(f"{asks}: RAG, fine-tuning, or neither.\n{answers}: I start small.")

    assert found.candidate == answers
    assert asked_and_answered(found) == [("RAG, fine-tuning, or neither.", (2,))]


@pytest.mark.parametrize(
    ("script", "candidate"),
    [
        pytest.param(f"Ann: {ASKED}\nBen: {ANSWERED}", "Ben", id="who is asked"),
        pytest.param(f"A: {ASKED}\nB: {ANSWERED}", "B", id="letters that are no Q and A"),
        pytest.param(
            f"Speaker 1: How are you?\nSpeaker 2: Good, how are you?\nSpeaker 1: Fine. {ASKED}\nSpeaker 2: {ANSWERED}",
            "Speaker 2",
            id="small talk tells nothing",
        ),
        pytest.param(
            f"Ann: {ASKED}\nBen: Do you mean for facts?\nAnn: For facts.\nBen: {ANSWERED}\nAnn: What is your salary "
            "range?\nBen: Ninety.",
            "Ben",
            id="one who asks back",
        ),
        pytest.param(
            f"Ann: {ASKED}\nBen: {ANSWERED}\nCas: What is the worst outage you had?\nBen: I lost an index once.",
            "Ben",
            id="a panel",
        ),
        pytest.param(f"Tom (Host): {ASKED}\nAnn: {ANSWERED}\nNotes: Recording on", "Ann", id="a bot that takes notes"),
        pytest.param(f"Ann: So what do I do first? {ANSWERED}", "Ann", id="alone"),
    ],
)
def test_the_conversation_tells(script: str, candidate: str) -> None:
    """Without telling names, the candidate is the one who is asked and speaks most in reply."""
    found = interview(script)

    assert found.candidate == candidate


@pytest.mark.parametrize(
    ("script", "why"),
    [
        pytest.param(": What is RAG?\n: Retrieval.", "this file names no speaker", id="no names"),
        pytest.param(
            f"Candidate 1: {ANSWERED}\nCandidate 2: {ANSWERED}",
            "more than one speaker is called a candidate",
            id="two candidates by name",
        ),
        pytest.param(
            f"Interviewer: {ASKED}\nAnn: {ANSWERED}\nInterviewer: {ASKED}\nBen: {ANSWERED}",
            "it cannot be told which speaker is the candidate",
            id="two who are asked",
        ),
        pytest.param(
            "Ann: How do you work?\nBen: Alone. How do you work?\nAnn: In flow. What do you use?\nBen: C. And you use?",
            "it cannot be told which speaker is the candidate",
            id="both ask",
        ),
        pytest.param("Ann: We ship on Monday.\nBen: I thought Tuesday.", "it cannot be told", id="nobody asks"),
        pytest.param(f"Ann: {ASKED}\nAnn: {ANSWERED}", "one speaker only is named", id="two under one name"),
        pytest.param(f"Interviewer: {ASKED}\nHost: {ANSWERED}", "it cannot be told", id="interviewers only"),
        pytest.param(f"Ann: {ASKED}\n: {ANSWERED}", "it cannot be told", id="the one who is asked has no name"),
    ],
)
def test_in_doubt_nobody_is_chosen(script: str, why: str) -> None:
    """A wrong candidate would be a wrong grade, so the speakers are listed instead."""
    with pytest.raises(SpeakerUnclear) as unclear:
        interview(script)

    assert str(unclear.value).startswith(f"interview.txt: {why}")
    assert all(name in str(unclear.value) for name in unclear.value.speakers)


def test_the_speakers_are_listed_with_how_much_they_speak() -> None:
    """The message is enough to choose by."""
    with pytest.raises(SpeakerUnclear) as unclear:
        interview("Ann: We ship on Monday.\nBen: Tuesday.\nAnn: Fine.")

    assert str(unclear.value).endswith(
        "; the speakers are Ann (2 turns, 5 words), Ben (1 turn, 1 word). Name the candidate with --speaker."
    )
    assert unclear.value.speakers == ("Ann", "Ben")


def test_a_hostile_name_steers_nothing() -> None:
    """What a file calls its speakers reaches the message printable, shortened, and not by the thousand."""
    script = "\n".join(f"\x1b[31m{'x' * 200}{number}: yes" for number in range(100))

    with pytest.raises(SpeakerUnclear) as unclear:
        interview(script, speaker="\x1b[2Jnobody")

    assert "\x1b" not in str(unclear.value)
    assert "and 80 more" in str(unclear.value)
    assert len(str(unclear.value)) < 3_000


NAMES = f"Tom Ford: {ASKED}\nAnn Lee: {ANSWERED}\nAnna Smith: {ANSWERED}\nDoe, Jos\u00e9 (Guest): {ANSWERED}"


@pytest.mark.parametrize(
    ("called", "name"),
    [
        pytest.param("Ann Lee", "Ann Lee", id="whole"),
        pytest.param("  ann   LEE ", "Ann Lee", id="case and spaces"),
        pytest.param("ann", "Ann Lee", id="first name, though another begins like it"),
        pytest.param("smith", "Anna Smith", id="last name"),
        pytest.param("anna s", "Anna Smith", id="how it begins"),
        pytest.param("smi", "Anna Smith", id="how a word begins"),
        pytest.param("jose", "Doe, Jos\u00e9 (Guest)", id="without accents"),
    ],
)
def test_a_speaker_can_be_called(called: str, name: str) -> None:
    """The least that names one of them is enough."""
    found = interview(NAMES, speaker=called)

    assert found.candidate == name


@pytest.mark.parametrize(
    ("called", "why"),
    [
        pytest.param("Zoe", "no speaker is called 'Zoe'", id="unknown"),
        pytest.param("an", "more than one speaker is called 'an'", id="two begin like it"),
        pytest.param(" ", "no speaker is called ' '", id="blank"),
        pytest.param("nn", "no speaker is called 'nn'", id="inside a word"),
    ],
)
def test_a_call_that_nobody_answers(called: str, why: str) -> None:
    """A name that is nobody's, or several people's, is not guessed at."""
    with pytest.raises(SpeakerUnclear, match=why):
        interview(NAMES, speaker=called)


def test_the_speakers_are_counted() -> None:
    """Spellings of one name are one speaker; turns without a name are one too."""
    found = interview(f"Tom: {ASKED}\nANN: {ANSWERED}\nAnn: Cheap first.\n: Hm.\nQ1: Why?", speaker="ann")

    assert [(each.name, each.turns) for each in found.speakers] == [("Tom", 1), ("ANN", 2), (None, 1), ("Q1", 1)]


def test_the_speaker_named_is_believed() -> None:
    """Who is called the candidate is, whatever the names and the questions say."""
    found = interview(f"Candidate: {ASKED}\nInterviewer: {ANSWERED}", speaker="Interviewer")

    assert asked_and_answered(found) == [(ASKED, (2,))]
