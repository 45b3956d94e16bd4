"""What greets, thanks or arranges is no answer; what only sounds like it is one."""

import pytest

from tests.transcripts.interview_scripts import ANSWERED, ASKED, asked_and_answered, codes, interview, only


@pytest.mark.parametrize(
    "talk",
    [
        pytest.param("I: Hi Ann, how are you today?\nC: Good, thanks. How are you?", id="how are you"),
        pytest.param("I: Can you hear me okay?\nC: Yes, loud and clear.", id="the line"),
        pytest.param("I: Hello and welcome.\nC: Hi Tom, nice to meet you, thanks for having me.", id="greeting"),
        pytest.param("I: Are you ready to start?\nC: Yes, let's go.", id="ready"),
        pytest.param("I: Can we talk about retrieval now?\nC: Sure.", id="permission"),
        pytest.param("I: We are forty people in Bonn.\nC: Okay, great.", id="taking note"),
        pytest.param("I: We are forty people in Bonn.\nC: Oh, a lovely place.", id="a remark"),
        pytest.param("C: Hi, this is Ann.", id="announcing oneself"),
    ],
)
def test_small_talk_is_left_out_and_counted(talk: str) -> None:
    """Greetings, logistics and notes taken are no answers, and the interview says that they were left out."""
    script = f"{talk}\nI: {ASKED}\nC: {ANSWERED}".replace("I: ", "Interviewer: ").replace("C: ", "Candidate: ")

    found = interview(script)

    assert asked_and_answered(found) == [(ASKED, (talk.count("\n") + 3,))]
    assert codes(found.warnings) == ["small-talk-left-out"]
    assert found.warnings[0].message.startswith("Left out 1 turn of")


def test_the_candidates_own_questions_at_the_end_are_left_out() -> None:
    """What the candidate asks of the company answers nothing."""
    found = interview(
        f"Interviewer: {ASKED}\nCandidate: {ANSWERED}\nInterviewer: Great. Do you have any questions for me?\n"
        "Candidate: Yes, how big is the team, and how do you split research from production work?\n"
        "Interviewer: We are twelve people and ship weekly.\nCandidate: Thanks. How are decisions made?\n"
        "Interviewer: By the team, in writing.\nCandidate: Good to know, thank you, bye!"
    )

    assert asked_and_answered(found) == [(ASKED, (2,))]
    assert found.warnings[0].message.endswith(": 4, 6, 8.")


def test_thanks_after_an_answer_are_no_part_of_it() -> None:
    """Taking leave does not become the end of the last answer."""
    found = interview(
        f"Interviewer: {ASKED}\nCandidate: {ANSWERED}\nInterviewer: Great, thank you.\nCandidate: Thank you, bye!"
    )

    assert only(found).answer == ANSWERED
    assert codes(found.warnings) == ["small-talk-left-out"]


@pytest.mark.parametrize(
    "said",
    [
        "Thanks to caching we halved the cost.",
        "For the price list, retrieval.",
        "Good to have a fallback, great for us.",
        "Have a good evaluation set first.",
        "I'm good at evaluation.",
        "Pretty good recall on our own hard tickets matters most.",
    ],
)
def test_what_only_begins_like_a_pleasantry_is_kept(said: str) -> None:
    """An answer may thank a cache, or call a fallback good."""
    found = interview(
        f"Interviewer: {ASKED}\nCandidate: {ANSWERED}\nInterviewer: We look at the bill a lot here.\nCandidate: {said}"
    )

    assert only(found).source.turns == (2, 4)
    assert found.warnings == ()


@pytest.mark.parametrize(
    "question",
    [
        "How are you measuring the quality of retrieval?",
        "How are things deployed in your last project?",
        "How is it going with the migration of your index?",
        "And you use which vector database?",
    ],
)
def test_what_only_begins_like_a_small_question_is_asked(question: str) -> None:
    """A question that begins like one about the day can be about the work."""
    found = interview(f"Interviewer: {question}\nCandidate: {ANSWERED}")

    assert asked_and_answered(found) == [(question, (2,))]
    assert found.warnings == ()


def test_a_long_reply_to_small_talk_is_kept() -> None:
    """In doubt, what the candidate says is graded."""
    reply = "Good, thanks. " + "Before we begin I should say that my last project moved a bank to retrieval. " * 3
    found = interview(f"Interviewer: How are you today?\nCandidate: {reply}")

    assert asked_and_answered(found) == [("How are you today?", (2,))]


@pytest.mark.parametrize("word", ["okay", "um", "yes", "thanks", "right"])
def test_nothing_long_is_taken_for_little(word: str) -> None:
    """A turn of hundreds of characters is kept, whatever its words, and on the interviewer's side too."""
    long = f"{word} " * 100
    found = interview(f"Interviewer: {ASKED}\nCandidate: {ANSWERED}\nInterviewer: {long}\nCandidate: {long}")

    assert only(found).source.turns == (2, 4)


def test_a_yes_to_an_interruption_in_many_words_goes_on_with_the_answer() -> None:
    """Whoever was interrupted and simply goes on is not left out."""
    more = "With a prompt, as I said, because that costs next to nothing and shows what the model already knows."
    found = interview(
        f"Interviewer: {ASKED}\nCandidate: I'd start small.\nInterviewer: Sorry, can you hear me?\nCandidate: {more}"
    )

    assert only(found).answer == f"I'd start small.\n{more}"
