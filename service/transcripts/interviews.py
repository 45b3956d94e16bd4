"""From the turns of an interview to the answers in it.

An interviewer's turn that asks opens an exchange; the candidate's turns that follow are its answer, until another
question opens the next. Follow-ups and clarifications go on with it, back-channel changes nothing, and what only
greets, thanks or arranges is left out. Nobody's words but the candidate's are ever part of an answer.
"""

from collections.abc import Sequence

from service.errors import TranscriptInvalid
from service.grading import Notice
from service.models import Frozen
from service.submission import Passage, Source, Submission
from service.transcripts.exchanges import Exchange, Listener
from service.transcripts.model import Transcript
from service.transcripts.prompting import Said, only_agrees, only_repeats, prompted_notice
from service.transcripts.speakers import Cast, Speaker, find_candidate, list_speakers, speaker_key
from service.transcripts.utterances import asking, is_back_channel, is_small_question, spoken


class Interview(Frozen):
    """The candidate's answers in one transcript, in order; `warnings` say what was left out, and why."""

    candidate: str
    speakers: tuple[Speaker, ...]
    submissions: tuple[Submission, ...]
    warnings: tuple[Notice, ...] = ()


def submissions(transcript: Transcript, *, name: str, speaker: str | None = None) -> Interview:
    """The candidate's answers, each with what was asked; `name` is the file's, `speaker` the candidate's if known.

    A submission's id is the number of its question, counting those that got no answer.

    Raises:
        SpeakerUnclear: it cannot be told who the candidate is, or nobody or several are called as given.
        TranscriptInvalid: the candidate answers nothing.
    """
    cast = find_candidate(transcript, file=name, speaker=speaker)
    listener = _listen(transcript, cast)
    said = Said()
    answers: list[Submission] = []
    unanswered = 0
    for number, exchange in enumerate(listener.exchanges, start=1):
        if exchange.replies:
            answers.append(_submission(str(number), exchange, said, name, cast.candidate))
        else:
            unanswered += not exchange.put_to_another
    if not answers:
        raise TranscriptInvalid(
            f"{name}: {list_speakers([cast.candidate_speaker])} answers no question, so there is nothing to grade. If "
            f"another speaker is the candidate, name them with --speaker; the speakers are "
            f"{list_speakers(cast.speakers)}."
        )
    return Interview(
        candidate=cast.candidate,
        speakers=cast.speakers,
        submissions=tuple(answers),
        warnings=_warnings(listener.left_out, unanswered, cast.speakers),
    )


def _listen(transcript: Transcript, cast: Cast) -> Listener:
    """Go through the turns; where no turn asks by its wording, every turn of somebody else's is a question."""
    others = [turn for turn in transcript.turns if speaker_key(turn.speaker) not in {cast.key, *cast.others}]
    wordless = not any(_asks_in_earnest(turn.text) for turn in others)
    listener = Listener()
    for number, turn in enumerate(transcript.turns, start=1):
        key = speaker_key(turn.speaker)
        if key == cast.key:
            listener.reply(number, turn)
        elif key in cast.others:
            listener.overhear(turn.text)
        else:
            asks = key in cast.always_ask or (wordless and key != "" and len(spoken(turn.text)) > 2)
            listener.hear(turn.text, always_asks=asks)
    listener.close()
    return listener


def _asks_in_earnest(text: str) -> bool:
    return not is_back_channel(text) and any(not is_small_question(sentence) for sentence in asking(text))


def _submission(number: str, exchange: Exchange, said: Said, file: str, speaker: str) -> Submission:
    question, warnings = _judged(exchange, said)
    passages: list[Passage] = []
    at = 0
    for reply in exchange.replies:
        end = at + len(reply.turn.text)
        passages.append(Passage(start=at, end=end, turn=reply.number, start_s=reply.turn.start, end_s=reply.turn.end))
        at = end + 1
    source = Source(
        file=file,
        line=exchange.replies[0].turn.line,
        speaker=speaker,
        turns=tuple(passage.turn for passage in passages),
        question=question,
    )
    return Submission(
        id=number,
        source=source,
        answer="\n".join(reply.turn.text for reply in exchange.replies),
        question=question,
        passages=tuple(passages),
        warnings=warnings,
    )


def _judged(exchange: Exchange, said: Said) -> tuple[str | None, tuple[Notice, ...]]:
    """The question, and a warning where replies are not the candidate's own.

    Words of the interviewer's that the candidate only said again are put with the question: a grader counts no span
    that reads the question back.
    """
    question = exchange.question
    agreed: list[int] = []
    repeated: list[int] = []
    for segment in exchange.segments:
        prompt = "\n".join(segment.prompts)
        reply = "\n".join(each.turn.text for each in segment.replies)
        numbers = [each.number for each in segment.replies]
        if only_agrees(prompt, reply, said):
            agreed.extend(numbers)
        elif only_repeats(prompt, reply, said):
            repeated.extend(numbers)
            unasked = [text for text in segment.prompts if text not in (question or "")]
            question = " ".join(filter(None, (question, *unasked)))
        said.add(reply)
    return question, (prompted_notice(agreed, repeated),) if agreed or repeated else ()


def _warnings(left_out: Sequence[int], unanswered: int, speakers: Sequence[Speaker]) -> tuple[Notice, ...]:
    warnings: list[Notice] = []
    if left_out:
        what = "1 turn" if len(left_out) == 1 else f"{len(left_out):,} turns"
        listed = ", ".join(map(str, left_out[:20])) + (", ..." if len(left_out) > 20 else "")
        message = f"Left out {what} of the candidate's that only greet, thank, acknowledge or arrange: {listed}."
        warnings.append(Notice(code="small-talk-left-out", message=message))
    if unanswered:
        what = "1 question" if unanswered == 1 else f"{unanswered:,} questions"
        warnings.append(Notice(code="unanswered", message=f"The candidate gave no answer to {what}."))
    for speaker in speakers:
        if speaker.name is None:
            what = "1 turn names" if speaker.turns == 1 else f"{speaker.turns:,} turns name"
            message = f"{what} no speaker; they were taken for somebody else's than the candidate's and are not graded."
            warnings.append(Notice(code="unnamed-turns", message=message))
    return tuple(warnings)
