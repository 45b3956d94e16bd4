"""Texts for properties: ordinary words mixed with what people and hostile candidates put between them."""

from hypothesis import strategies as st

_PIECES = [
    *"RAG rag isn't isn\u2019t not um uh 200K 70-90% -5 1,000 3.5 $28K fine-tuning non-proprietary the".split(),
    *"the a e.g.".split(),
    "you know",
    "I mean",
    *"caf\u00e9 cafe\u0301 \ufb01ne \u00bd 10\u00b2 \u00df \u0130 \u2260".split(),
    *"\u77e5\u8b58 \u0633\u0644\u0627\u0645 \uac00\u11a8 \u0939\u093f\u0928\u094d\u0926\u0940".split(),
    "\u202e",
    "\u200b",
    "\U0001f600",
    "\U0001f468\u200d\U0001f469\u200d\U0001f467",
]
_GAPS = [
    " ",
    "  ",
    "\n",
    "\r\n",
    "\t",
    ", ",
    ". ",
    "! ",
    " - ",
    "\u2014",
    " (",
    ") ",
    "...",
    "\u2026 ",
    "\u00a0",
    "",
    "\u3002",
]

TEXTS = st.one_of(
    st.text(max_size=60),
    st.lists(st.tuples(st.sampled_from(_PIECES), st.sampled_from(_GAPS)), max_size=25).map(
        lambda pairs: "".join(piece + gap for piece, gap in pairs)
    ),
)
