"""The declared language holds unless another one is plain."""

import subprocess
import sys

import pytest

from service.text.language import detect_language, plain_language
from service.text.words import Text


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("I start with a prompt and only then add retrieval.", id="plain English"),
        pytest.param("Prompt. RAG. Tune.", id="three words"),
        pytest.param(
            "RAG LoRA QLoRA DPO SFT Pinecone Weaviate Cohere BGE LangChain Axolotl Llama Mistral Gemini Claude GPT",
            id="names of products",
        ),
        pytest.param(
            "main pehle prompt se start karunga phir agar data change hota hai to RAG lagaunga aur last mein tuning",
            id="English and romanised Hindi",
        ),
        pytest.param("\U0001f600" * 50, id="emoji"),
        pytest.param("x" * 5_000, id="one long word"),
        pytest.param("12 34 56 78 90 " * 10, id="figures"),
        pytest.param("Prompt zuerst, dann RAG.", id="too short to tell"),
    ],
)
def test_the_declared_language_is_kept(text: str) -> None:
    """Without strong evidence the answer is in the language it is declared to be in."""
    assert detect_language(Text(text), "en") == "en"


@pytest.mark.parametrize(
    ("text", "language"),
    [
        pytest.param(
            "Ich beginne mit dem Prompt, weil das am billigsten ist, und nehme RAG, wenn Wissen fehlt.",
            "de",
            id="German",
        ),
        pytest.param(
            "Je commence par le prompt, parce que c'est le moins cher, puis le RAG si les données changent.",
            "fr",
            id="French",
        ),
        pytest.param(
            "Empiezo con el prompt porque es lo más barato y luego paso a RAG cuando los datos cambian cada día.",
            "es",
            id="Spanish",
        ),
        pytest.param("मैं पहले prompt से शुरू करूँगा, क्योंकि यह सस्ता है", "hi", id="Hindi"),
        pytest.param("プロンプトから始めて、知識が足りないときだけ検索を使います。", "ja", id="Japanese"),
        pytest.param("я начну с промпта, потому что это дешево, а потом добавлю поиск", "ru", id="Russian"),  # noqa: RUF001 - it is Russian
    ],
)
def test_another_language_is_told(text: str, language: str) -> None:
    """Prose in another language is recognised, whatever English terms stand in it."""
    assert detect_language(Text(text), "en") == language


def test_a_declared_language_other_than_english_is_kept() -> None:
    """Small words are known of several languages."""
    text = Text("Ich beginne mit dem Prompt und nehme RAG, wenn das Wissen fehlt.")

    assert detect_language(text, "de") == "de"


def test_plain_answers_load_no_detector() -> None:
    """The detector and numpy stay out of a process that reads plain English."""
    script = (
        "import sys; from service.text.language import detect_language; from service.text.words import Text; "
        "assert detect_language(Text('I start with a prompt and only then add the retrieval.'), 'en') == 'en'; "
        "print(sorted({'py3langid', 'numpy'} & set(sys.modules)))"
    )

    loaded = subprocess.run([sys.executable, "-c", script], check=True, capture_output=True, text=True).stdout

    assert loaded.strip() == "[]"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("I start with a prompt and, um, only then add retrieval.", "en", id="English"),
        pytest.param("Es geht um die Kosten.", "de", id="a short sentence"),
        pytest.param("Prompt um RAG um LoRA QLoRA DPO SFT Pinecone Weaviate Cohere BGE Axolotl Llama", "pt", id="hums"),
        pytest.param("Prompt, RAG, um, LoRA, QLoRA, DPO, SFT, Pinecone, Weaviate, Cohere, BGE", "en", id="names"),
        pytest.param("", "en", id="no words"),
    ],
)
def test_plain_language(text: str, expected: str) -> None:
    """Small words tell, however short the text is; where there are few it is taken for English."""
    assert plain_language(Text(text)) == expected
