"""Which quotes are in an answer, and where."""

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from service.text.folding import fold
from service.text.quotes import QuoteRefused, find_quote, occurs_in
from service.text.words import Text
from tests.text.texts import TEXTS

ANSWER = (
    "I\u2019d start with prompting, since the model knows the subject. RAG isn't free: um, it adds, you know, a step "
    "that that can fail at 200K queries.\r\nWe would certainly never fine-tune for facts. "
    "R A G fixes knowledge \U0001f600; caf\u00e9 menus change. It saves 70-90% of the cost. The cost counts."
)
LONG = 50_000


def quoted(quote: str, answer: str = ANSWER) -> list[str]:
    """What stands in the answer where the quote was found."""
    found = find_quote(Text(answer), quote)
    assert isinstance(found, list), found
    return [answer[part.span.start : part.span.end] for part in found]


@pytest.mark.parametrize(
    ("quote", "expected"),
    [
        pytest.param("start with prompting, since", "start with prompting, since", id="as it stands"),
        pytest.param("START WITH PROMPTING", "start with prompting", id="case"),
        pytest.param("I'd start with prompting", "I\u2019d start with prompting", id="straight apostrophe"),
        pytest.param("\u201cstart with prompting\u201d", "start with prompting", id="in quote marks"),
        pytest.param("  start\n with\u00a0 prompting ", "start with prompting", id="odd spaces"),
        pytest.param("start with prompting since the model", "start with prompting, since the model", id="no comma"),
        pytest.param("cafe\u0301 menus change", "caf\u00e9 menus change", id="decomposed accent"),
        pytest.param("200k queries. We would", "200K queries.\r\nWe would", id="across CRLF"),
        pytest.param("fixes knowledge; caf\u00e9", "fixes knowledge \U0001f600; caf\u00e9", id="emoji left out"),
        pytest.param("saves 70\u201390% of the cost", "saves 70-90% of the cost", id="en dash in a range"),
    ],
)
def test_a_faithful_quote_is_verified(quote: str, expected: str) -> None:
    """What folding takes away may differ; the answer's own characters come back."""
    found = find_quote(Text(ANSWER), quote)

    assert isinstance(found, list)
    assert [(ANSWER[part.span.start : part.span.end], part.repaired) for part in found] == [(expected, False)]


@pytest.mark.parametrize(
    ("quote", "expected"),
    [
        pytest.param("RAG isn't free: it adds", "RAG isn't free: um, it adds", id="filler"),
        pytest.param("it adds a step", "it adds, you know, a step", id="filler of two words"),
        pytest.param("a step that can fail", "a step that that can fail", id="immediate repeat"),
        pytest.param("RAG fixes knowledge", "R A G fixes knowledge", id="spelled-out letters"),
    ],
)
def test_a_smoothed_quote_is_repaired(quote: str, expected: str) -> None:
    """Only fillers, repeats and spelling out may be smoothed over, and the answer's own words come back."""
    found = find_quote(Text(ANSWER), quote)

    assert isinstance(found, list)
    assert [(ANSWER[part.span.start : part.span.end], part.repaired) for part in found] == [(expected, True)]


@pytest.mark.parametrize(
    ("quote", "answer"),
    [
        pytest.param("RAG is free: um, it adds", ANSWER, id="negation dropped inside a word"),
        pytest.param("We would certainly fine-tune for facts", ANSWER, id="negation dropped"),
        pytest.param("it can fail at 20K queries", ANSWER, id="another number"),
        pytest.param("a step that can fail at 200 queries", ANSWER, id="a number without its unit"),
        pytest.param("start with prompts, since the model", ANSWER, id="a word changed"),
        pytest.param("start only with prompting", ANSWER, id="a word added"),
        pytest.param("since the model knows subject", ANSWER, id="a word left out"),
        pytest.param("with prompting start since", ANSWER, id="other order"),
        pytest.param("start with prompting RAG fixes knowledge", ANSWER, id="spliced"),
        pytest.param("start with that that prompting", ANSWER, id="a repeat of the quote's own"),
        pytest.param("start with um prompting", ANSWER, id="a filler of the quote's own"),
        pytest.param("nothing of the kind was said", ANSWER, id="invented"),
        pytest.param("the gap grew by 102 percent", "the gap grew by 10\u00b2 percent", id="a power read as a figure"),
        pytest.param("we grew to 20 shops in a year", "we grew to 2 0 shops in a year", id="figures joined"),
        pytest.param("we saw 20 shops open there", "we saw 20 20 shops open there", id="a figure said twice"),
        pytest.param("it is not useful to us now", "it is not not useful to us now", id="double negation"),
        pytest.param("proprietary data needs retrieval", "non-proprietary data needs retrieval", id="non- left out"),
        pytest.param("quality = cost in my book", "quality != cost in my book", id="not equal"),
        pytest.param("quality cost in my own book", "quality \u2260 cost in my own book", id="not equal as a sign"),
        pytest.param("we have no retrain step", "we have no no-retrain step", id="a second no"),
        pytest.param("a 5 gauge shows the wear", "a 5 mm gauge shows the wear", id="a unit, not a hum"),
        pytest.param("replace the chain at 5 percent", "replace the chain at .5 percent", id="a leading dot left out"),
        pytest.param("We don't tune for style", "We don't tune. Tune for style.", id="sentences joined at a repeat"),
        pytest.param("never tune for style only", "- never tune\n- tune for style only", id="lines joined at a repeat"),
        pytest.param("I would now fine-tune here", "I would " + "um " * 13 + "now fine-tune here", id="a long stammer"),
        pytest.param("we never tune for style", "we never tune (tune for style)", id="brackets joined at a repeat"),
        pytest.param("never tune for style", "never tune \u2022 tune for style", id="bullets joined at a repeat"),
        pytest.param("port four three here", "port four four three here", id="a figure in words said twice"),
        pytest.param("so the AC is slow", "so the A C C is slow", id="a letter said twice"),
        pytest.param("use the AA cells", "use the A A A cells", id="a letter of three said twice"),
        pytest.param("an L M is slow here", "an L L M is slow here", id="a letter of an abbreviation said twice"),
        pytest.param(
            "I would not fine-tune here", "Me? I would not. Fine-tune here, I say.", id="a sentence after not"
        ),
        pytest.param("they don't fine-tune here", "Well, they don\u2019t; fine-tune here.", id="a clause after n't"),
        pytest.param("quality = cost here", "quality =/= cost here", id="a sign said twice"),
        pytest.param("How do the data look", "How do you know the data look", id="words that are a filler elsewhere"),
        pytest.param(
            "that is not what by it", "that is not what I mean by it", id="another filler that says something"
        ),
        pytest.param("we always on the safe side", "we always err on the safe side", id="a filler that is a verb"),
        pytest.param("it costs us 5 of it all", "it costs us 5\u2030 of it all", id="a sign for thousandths"),
        pytest.param("it is 10 cheaper for us", "it is 10\u00d7 cheaper for us", id="a sign for times"),
        pytest.param("take 5 chunks or so", "take \u2a7d 5 chunks or so", id="a slanted sign"),
        pytest.param("quality cost in my book", "quality \u226e cost in my book", id="a struck sign"),
        pytest.param("a rate of 1e+6 is fine", "a rate of 1e-6 is fine", id="the sign of an exponent"),
        pytest.param("it takes us 1-2 hours", "it takes us 1/2 hours", id="a fraction read as a range"),
        pytest.param("it takes us 1-2 hours", "it takes us \u00bd hours", id="a fraction sign read as a range"),
        pytest.param("2 of it all is saved", "Of that \u00bd of it all is saved.", id="end of a fraction sign"),
        pytest.param("we need 5 years of it", "we need 5+ years of it", id="a plus left out"),
        pytest.param("we saw 5-3 failures", "we saw 5+3 failures", id="a sum read as a range"),
    ],
)
def test_an_unfaithful_quote_is_refused(quote: str, answer: str) -> None:
    """Any other difference refuses the quote, and the reason holds nothing of either text."""
    found = find_quote(Text(answer), quote)

    assert isinstance(found, QuoteRefused)
    assert found.why == "these words are not in the answer, in this order"


@pytest.mark.parametrize(
    ("quote", "answer"),
    [
        pytest.param("Es geht dabei die Kosten", "Es geht dabei um die Kosten und nicht mehr", id="German um"),
        pytest.param("dass die Daten kennt", "Ich glaube, dass er die Daten kennt", id="German er"),
        pytest.param("det ikke den rette vej", "det er ikke den rette vej", id="Danish er"),
        pytest.param("n\u00f3s usamos modelo", "n\u00f3s usamos um modelo para isso", id="Portuguese um"),
        pytest.param(
            "\u092a\u0940\u0928\u093e \u091a\u093e\u0939\u093f\u090f \u0925\u093e",
            "\u092a\u093e\u0928\u0940 \u091a\u093e\u0939\u093f\u090f \u0925\u093e",
            id="Hindi vowels",
        ),
        pytest.param("the mean is x here now", "the mean is x\u0304 here now", id="a mark that composes with nothing"),
        pytest.param("\u0e01\u0e23\u0e21\u0e02\u0e2d", "\u0e01\u0e23\u0e23\u0e21\u0e02\u0e2d", id="Thai letters"),
        pytest.param("\u3053\u304b\u304f\u306f", "\u3053\u304b\u304b\u304f\u306f", id="Japanese letters"),
        pytest.param(
            "\u6211\u4e0d\u8981\u6a21\u578b", "\u6211\u4e0d\u4e0d\u8981\u6a21\u578b", id="Chinese double negation"
        ),
        pytest.param(
            "\u0928\u0939\u0940\u0902 \u0915\u0930\u0924\u0947 \u0939\u0948\u0902",
            "\u0928\u0939\u0940\u0902 \u0915\u0930\u0924\u0947\u0964 \u0915\u0930\u0924\u0947 \u0939\u0948\u0902",
            id="Hindi sentences joined at a repeat",
        ),
    ],
)
def test_an_unfaithful_quote_in_another_language_is_refused(quote: str, answer: str) -> None:
    """What is a filler in English may be a word elsewhere, and letters and marks may be half of one."""
    found = find_quote(Text(answer), quote)

    assert found == QuoteRefused("these words are not in the answer, in this order")


@pytest.mark.parametrize(
    ("quote", "answer"),
    [
        pytest.param("i\u015f\u0131k var".upper(), "bir i\u015f\u0131k var", id="dotless i in capitals"),
        pytest.param("istanbul'da var", "\u0130stanbul'da var", id="dotted capital I"),
        pytest.param(
            "\u09ad\u09be\u09b2\u09c7\u09be", "\u0996\u09c1\u09ac \u09ad\u09be\u09b2\u09cb", id="Bengali vowel in parts"
        ),
        pytest.param(
            "\u1794\u17d2\u179a\u17be\u1782\u17c6",
            "\u1799\u17be\u1784\u1794\u17d2\u179a\u17be\u1782\u17c6\u179a\u17bc",
            id="Khmer, unspaced",
        ),
        pytest.param("we don\u02bbt tune it", "we don\u2019t tune it", id="a letter for an apostrophe"),
        pytest.param("it is 10x cheaper", "it is 10\u00d7 cheaper", id="an x for a times sign"),
        pytest.param("it takes 2 1/2 hours", "it takes 2\u00bd hours", id="a fraction in digits"),
        pytest.param("we use RAG here", "we use R\u3164AG here", id="a Hangul filler"),
    ],
)
def test_a_quote_is_found_as_other_scripts_and_keyboards_write_it(quote: str, answer: str) -> None:
    """None of these says anything else."""
    assert isinstance(find_quote(Text(answer), quote), list)


def test_a_span_ends_with_the_marks_of_its_last_letter() -> None:
    """A vowel sign at the end of a word is a part of it, whatever it is called in Unicode."""
    answer = "\u0939\u092e \u0928\u0939\u0940\u0902 \u0915\u0930\u0924\u0947 \u0939\u0948\u0964"

    assert quoted(answer, answer) == [answer.removesuffix("\u0964")]


@pytest.mark.parametrize("size", [1, 2, 3])
def test_a_stammer_is_passed_over_only_where_words_are_apart(size: int) -> None:
    """In a script without spaces a character again is a word of its own, but for a mark between the two."""
    said = "\u6211\u89c9\u5f97"[:size]

    apart = find_quote(Text(f"{said}\uff0c{said}\u9700\u8981\u5fae\u8c03"), f"{said}\u9700\u8981\u5fae\u8c03")
    together = occurs_in(Text(f"\u5728{said}\u9700\u8981").words, Text(f"\u5728{said}{said}\u9700\u8981"))

    assert isinstance(apart, list)
    assert not together


@pytest.mark.parametrize(
    "quote",
    [
        pytest.param("", id="empty"),
        pytest.param(" \n", id="blank"),
        pytest.param("...", id="an ellipsis alone"),
        pytest.param("\U0001f600!", id="emoji"),
    ],
)
def test_a_quote_without_words_is_refused(quote: str) -> None:
    """Marks alone are evidence of nothing, whether or not the answer has them."""
    found = find_quote(Text(ANSWER), quote)

    assert found == QuoteRefused("the quote has no words")


@pytest.mark.parametrize("mark", ["...", "\u2026", " [...] ", "[\u2026]", ". . ."])
def test_an_ellipsis_splits_a_quote(mark: str) -> None:
    """Each part is found by itself."""
    found = quoted(f"start with prompting {mark} the model knows the subject")

    assert found == ["start with prompting", "the model knows the subject"]


def test_an_ellipsis_may_reach_into_another_sentence() -> None:
    """What stands between in other sentences is not what the quote speaks of, negated or not."""
    found = quoted("can fail at 200K queries ... fixes knowledge \U0001f600")

    assert found == ["can fail at 200K queries", "fixes knowledge"]


@pytest.mark.parametrize(
    "answer",
    [
        pytest.param("We would certainly never fine-tune for facts.", id="never"),
        pytest.param("We would certainly, in my view, not be ready to fine-tune for facts.", id="not"),
        pytest.param("We would certainly say that you shouldn\u2019t fine-tune for facts.", id="n't"),
    ],
)
def test_an_ellipsis_may_not_swallow_a_negation(answer: str) -> None:
    """A quote cut so that it says the reverse is sent back, although each part is in the answer."""
    found = find_quote(Text(answer), "We would certainly ... fine-tune for facts")

    assert found == QuoteRefused("the ellipsis leaves out a negation; quote the words between as well")


@pytest.mark.parametrize(
    "word",
    [
        *["nobody to", "rarely", "that there is nothing gained if you", "_not_ that we should", "you dont", "we cant"],
        *["instead of trying to", "unless we can", "niemals", "jamais", "\u043d\u0435", "\u4e0d\u7528", "\u05dc\u05d0"],
    ],
)
def test_every_kind_of_negation_counts(word: str) -> None:
    """Also those that are not spelt "not", and those that stand in emphasis."""
    answer = f"We would certainly say {word} fine-tune for facts."

    found = find_quote(Text(answer), "We would certainly ... fine-tune for facts")

    assert isinstance(found, QuoteRefused)


def test_an_ellipsis_may_not_swallow_how_the_sentence_it_leads_to_begins() -> None:
    """The negation of the words that it joins to others stands before them, in a sentence of their own."""
    answer = "I would fine-tune for style. I would not tune in the facts of the product."

    found = find_quote(Text(answer), "I would fine-tune ... in the facts of the product")

    assert found == QuoteRefused("the ellipsis leaves out a negation; quote the words between as well")


def test_a_quote_has_few_ellipses() -> None:
    """Many could pick any sentence out of an answer, word by word."""
    words = "When we hold long lists of facts that change each week RAG beats tuning by far".split()

    found = find_quote(Text(" ".join(words)), " ... ".join(words[::2]))

    assert found == QuoteRefused("the quote has too many ellipses; quote fewer parts")


@pytest.mark.parametrize(
    "quote",
    [
        pytest.param("the model knows the subject ... start with prompting", id="two long ones"),
        pytest.param("the model knows the subject ... start with", id="the second short"),
    ],
)
def test_the_parts_of_a_quote_stand_in_order(quote: str) -> None:
    """Parts put the other way round say what the answer does not."""
    found = find_quote(Text(ANSWER), quote)

    assert found == QuoteRefused("these words are not in the answer, in this order")


def test_a_part_is_looked_for_after_the_one_before_it() -> None:
    """The same words further up are not what the quote goes on with, and hide no negation."""
    answer = "Some fine-tune for facts. We would certainly never fine-tune for facts."

    found = find_quote(Text(answer), "We would certainly ... fine-tune for facts")

    assert found == QuoteRefused("the ellipsis leaves out a negation; quote the words between as well")


def test_a_stammer_with_a_hum_in_it_is_repaired() -> None:
    """A word said again after "um" is said twice in a row; in a new sentence it is not."""
    found = quoted("so it adds a step", "Well, so it, um, it adds a step.")
    apart = find_quote(Text("We don't tune. Um, tune for style."), "We don't tune for style")

    assert found == ["so it, um, it adds a step"]
    assert isinstance(apart, QuoteRefused)


def test_a_stammer_with_dots_is_repaired() -> None:
    """An ellipsis between the two is a pause for breath, not the end of a sentence."""
    found = quoted("so it adds a step", "Well, so it... it adds a step.")

    assert found == ["so it... it adds a step"]


@pytest.mark.parametrize(
    ("quote", "answer"),
    [
        pytest.param("It fails at 200", "It fails at 200K queries.", id="letters"),
        pytest.param("It fails at 200", "It fails at 200x the load.", id="times"),
        pytest.param("It will save 70", "It will save 70% of it.", id="percent"),
        pytest.param("It will save 70", "It will save 70-90% of it.", id="beginning of a range"),
        pytest.param("90% of the cost is saved", "70\u201390% of the cost is saved.", id="end of a range"),
        pytest.param("We need one 1", "We need one 1/3 of it.", id="fraction"),
        pytest.param("28K to build it all", "It takes $28K to build it all.", id="currency"),
        pytest.param("5 seconds are enough", "Well, <5 seconds are enough.", id="less than"),
        pytest.param("5 seconds are enough", "Well, < 5 seconds are enough.", id="less than, spaced"),
        pytest.param("It takes us 2", "It takes us 2\u00bd hours.", id="and a half"),
        pytest.param("The gap grew by 10", "The gap grew by 10\u00b2 percent.", id="power"),
        pytest.param("It takes about 10", "It takes about 10 000 queries.", id="groups of three"),
        pytest.param("It takes about 10", "It takes about 10\u00a0000 queries.", id="groups with hard spaces"),
        pytest.param("It takes about 1", "It takes about 1'000 queries.", id="groups with apostrophes"),
        pytest.param("It takes about 1", "It takes about 1_000 queries.", id="groups with underscores"),
        pytest.param("000 queries a day", "It takes 10 000 queries a day.", id="the last group"),
        pytest.param("It takes about 5", "It takes about 5 million queries.", id="millions"),
        pytest.param("million queries a day", "It takes 5 million queries a day.", id="the scale alone"),
        pytest.param("It takes about 5", "It takes about 5 % of it.", id="percent, spaced"),
        pytest.param("It takes about 5", "It takes about 5~10 of it.", id="another range"),
        pytest.param("We only use v2", "We only use v2.5 here.", id="version"),
    ],
)
def test_a_figure_is_quoted_whole(quote: str, answer: str) -> None:
    """Without the letters, the sign or the figure that it is one with, it is another figure."""
    found = find_quote(Text(answer), quote)

    assert found == QuoteRefused("the quote cuts off a part of a figure; quote all of it")


@pytest.mark.parametrize(
    ("quote", "answer"),
    [
        pytest.param("It fails at 200", "It fails at 200, later at 300.", id="a comma"),
        pytest.param("5 chunks are enough", "The top-5 chunks are enough.", id="a word before"),
        pytest.param("It begins in 2026", "It begins in 2026 - 300 users.", id="a dash"),
        pytest.param("It begins in 2026", "It begins in 2026 300 users later.", id="a year before a figure"),
        pytest.param("it takes **5** hours", "Well, it takes **5** hours.", id="emphasis"),
    ],
)
def test_a_figure_ends_at_words_and_marks(quote: str, answer: str) -> None:
    """What merely stands beside a figure is no part of it."""
    assert quoted(quote, answer) == [quote]


def test_a_figure_is_published_with_its_plus() -> None:
    """As the last word of a quote, too."""
    assert quoted("We would need 5+", "We would need 5+ of them.") == ["We would need 5+"]


def test_a_whole_figure_further_down_is_meant() -> None:
    """Where one place would cut a figure off, another may hold the quote as it is."""
    answer = "It fails at 200K queries. It fails at 200 already."

    found = find_quote(Text(answer), "It fails at 200")

    assert isinstance(found, list)
    assert found[0].span.start == 26


def test_one_missing_part_refuses_the_quote() -> None:
    """What the quote was to show may hang on the part that is not there."""
    found = find_quote(Text(ANSWER), "start with prompting ... and then we fine-tune")

    assert isinstance(found, QuoteRefused)


def test_an_ellipsis_of_the_answer_splits_nothing() -> None:
    """Dots that the candidate wrote are part of the words around them."""
    found = quoted("RAG is... good. RAG is", "Well, RAG is... good. RAG is cheap. RAG is old.")

    assert found == ["RAG is... good. RAG is"]


@pytest.mark.parametrize(
    ("quote", "expected"),
    [
        pytest.param("menus", "caf\u00e9 menus change.", id="a word"),
        pytest.param("70-90%", "It saves 70-90% of the cost.", id="a figure"),
        pytest.param("!!!!!!!!!!menus", "caf\u00e9 menus change.", id="padded with marks"),
    ],
)
def test_a_short_quote_is_widened_to_its_clause(quote: str, expected: str) -> None:
    """Under twelve characters a quote shows too little by itself."""
    found = quoted(quote)

    assert found == [expected]


@pytest.mark.parametrize(
    ("quote", "answer"),
    [
        pytest.param("cost", ANSWER, id="twice"),
        pytest.param("The ,,,,,,,,, cost", "The cost. The cost.", id="padded within"),
        pytest.param("The           cost", "The cost. The cost.", id="spaced out"),
        pytest.param("a step", "a step and um a, uh, step", id="once as it stands and once smoothed"),
    ],
)
def test_a_short_quote_must_occur_once(quote: str, answer: str) -> None:
    """A word that stands in several places does not say which of them it means."""
    found = find_quote(Text(answer), quote)

    assert found == QuoteRefused("the quote is too short to tell which of several places it means; quote more words")


def test_a_short_quote_that_was_stammered_occurs_once() -> None:
    """Its beginning said again is no second place."""
    found = quoted("so RAG", "Well, so, so so RAG. The cost counts.")

    assert found == ["so so RAG."]


def test_the_place_that_needs_no_repair_is_meant() -> None:
    """A stammered place before the one that says it word for word does not win."""
    answer = "so it it adds a step here. And it adds a step here."

    found = find_quote(Text(answer), "it adds a step here")

    assert isinstance(found, list)
    assert (found[0].span.start, found[0].repaired) == (6, False)


@pytest.mark.parametrize(
    ("quote", "answer"),
    [
        pytest.param("\u6aa2\u7d22\u77e5\u8b58", "\u6211\u6aa2\u7d22\u77e5\u8b58\u3002", id="CJK"),
        pytest.param(
            "\u0628\u062d\u062b \u0623\u0648", "\u0646 \u0628\u062d\u062b \u0623\u0648 \u062b", id="right to left"
        ),
        pytest.param(
            "\u0939\u093f\u0928\u094d", "\u092f\u0939 \u0939\u093f\u0928\u094d \u0939\u0948", id="combining vowels"
        ),
    ],
)
def test_other_scripts(quote: str, answer: str) -> None:
    """Quotes are found in scripts without spaces, without case and with combining marks."""
    found = quoted(quote, answer)

    assert quote in found[0]


@given(TEXTS, st.data())
def test_any_run_of_words_is_found(answer: str, data: st.DataObject) -> None:
    """A run of whole words is found, and where it is found folds to the same words."""
    text = Text(answer)
    assume(text.words)
    first = data.draw(st.integers(0, len(text.words) - 1))
    last = data.draw(st.integers(first, len(text.words) - 1))
    quote = answer[text.words[first].start : text.words[last].end]
    # A character such as a fraction folds to several words, which no quote can tell apart.
    edges = [(w.start, w.end) for w in (*text.words[:first], *text.words[last + 1 :])]
    assume(all(end <= text.words[first].start or start >= text.words[last].end for start, end in edges))
    wanted = [word.text for word in Text(quote).words]

    found = find_quote(text, quote)

    if isinstance(found, QuoteRefused):
        assert found.why.startswith(("the quote is too short", "the quote cuts off a part of a figure"))
        return
    assert len(found) == 1
    span = found[0].span
    shown = [word.text for word in Text(answer[span.start : span.end]).words]
    assert any(shown[i : i + len(wanted)] == wanted for i in range(len(shown)))


@given(TEXTS, st.data())
def test_a_word_from_elsewhere_refuses(answer: str, data: st.DataObject) -> None:
    """A quote with a word that the answer does not have is refused, wherever the word stands in it."""
    text = Text(answer)
    words = [word.text for word in text.words]
    at = data.draw(st.integers(0, len(words)))
    assume("zygote" not in fold(answer).text)

    found = find_quote(text, " ".join([*words[:at], "zygote", *words[at:]]))

    assert isinstance(found, QuoteRefused)


@given(TEXTS, TEXTS)
def test_a_range_is_always_of_the_answer(answer: str, quote: str) -> None:
    """Whatever is quoted, what comes back is a range of the answer with words in it, or a reason."""
    found = find_quote(Text(answer), quote)

    for part in found if isinstance(found, list) else []:
        assert 0 <= part.span.start < part.span.end <= len(answer)
        assert Text(answer[part.span.start : part.span.end]).words


@pytest.mark.parametrize(
    ("answer", "quote"),
    [
        pytest.param("a " * LONG, "a b", id="one letter"),
        pytest.param("a " * LONG, "a " * 500 + "b", id="one letter and a long quote"),
        pytest.param("um " * LONG, "um b", id="fillers"),
        pytest.param("it\u2019s a word " * (LONG // 8), "it's a b", id="a phrase"),
        pytest.param("r a g " * (LONG // 3), "rag " * 200 + "b", id="spelled out"),
        pytest.param(
            " ".join(map(str, range(LONG // 5))), " ... ".join(map(str, range(0, LONG // 5, 2))), id="ellipses"
        ),
    ],
)
def test_a_search_made_to_be_slow_ends(answer: str, quote: str) -> None:
    """Repetition on which trying every place would take hours ends in a refusal."""
    found = find_quote(Text(answer), quote)

    assert isinstance(found, QuoteRefused)


@given(text=TEXTS, data=st.data())
def test_a_literal_piece_is_found_where_its_words_are(text: str, data: st.DataObject) -> None:
    """The words of a quote that stands in the answer as it is are taken from there, and are the quote's own."""
    start = data.draw(st.integers(0, len(text)))
    piece = text[start : data.draw(st.integers(start, len(text)))]
    answer = data.draw(st.sampled_from(["", "the ", "\u00bd rag. ", "non-", "5", "e.g."])) + text
    in_disguise = piece + "\u200b"  # shows nothing, but hides that the piece is in the answer

    found = find_quote(Text(answer), piece)

    assert found == find_quote(Text(answer), in_disguise)


@pytest.mark.parametrize(
    ("answer", "quote", "expected"),
    [
        pytest.param("it scaled 1.5 times over", "it scaled 1", None, id="figure that goes on"),
        pytest.param("we are non-committal on tuning", "committal on tuning", None, id="word that goes on before"),
        pytest.param("never fine-tune for the facts", "fine-tune for the fact", None, id="word that goes on after"),
        pytest.param("it costs 70-90 dollars a month", "-90 dollars a month", None, id="sign that is a dash"),
        pytest.param("one knows (rag, mostly), then.", "rag, mostly), then", "rag, mostly), then", id="punctuation"),
        pytest.param("RAG for facts. rag for facts, now", "rag for facts", "RAG for facts", id="same words before"),
    ],
)
def test_a_literal_piece_is_compared_by_words(answer: str, quote: str, expected: str | None) -> None:
    """Standing in the answer letter by letter is not enough, and the first place of the words counts."""
    found = find_quote(Text(answer), quote)

    places = [answer[part.span.start : part.span.end] for part in found] if isinstance(found, list) else [None]
    assert places == [expected]


def test_an_exact_quote_is_found_in_any_amount_of_repetition() -> None:
    """The bound on the search is for smoothed quotes only."""
    answer = "a " * LONG + "and so RAG comes before tuning"

    found = quoted("a and so RAG comes before tuning", answer)

    assert found == ["a and so RAG comes before tuning"]


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        pytest.param("the model knows", True, id="as it stands"),
        pytest.param("it adds a step", True, id="smoothed"),
        pytest.param("the model does not know", False, id="not there"),
        pytest.param("", False, id="no words"),
    ],
)
def test_occurs_in(words: str, expected: bool) -> None:  # noqa: FBT001 - what the parameters say
    """Whether words stand in a text, fillers aside."""
    found = occurs_in(Text(words).words, Text(ANSWER))

    assert found is expected
