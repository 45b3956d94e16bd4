"""Outcomes to files."""

import csv
import io
import json
import subprocess
import sys
from typing import BinaryIO

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.errors import ExportInvalid
from service.outcome import Outcome, json_line
from service.reports import ENDINGS, ending_of, writer_for
from service.reports.exports import harmless
from service.rubric import Rubric
from service.submission import Source
from tests.replies.bicycle import tiny
from tests.reports.outcomes import failed, labelled, rag_rubric


def exported(ending: str, *outcomes: Outcome, rubrics: tuple[Rubric, ...] = ()) -> bytes:
    """What a writer makes of outcomes."""
    file = io.BytesIO()
    writer = writer_for(ending, file, rubrics=rubrics or (rag_rubric(),))
    for outcome in outcomes:
        writer.write(outcome)
    writer.close()
    return file.getvalue()


def rows_of(content: bytes, delimiter: str = ",") -> list[dict[str, str]]:
    """The rows of a table by column."""
    return list(csv.DictReader(io.StringIO(content.decode(), newline=""), delimiter=delimiter))


def test_a_line_of_json_is_the_outcome() -> None:
    """Five keys in their order, one line for each, and what was written can be read as it was."""
    outcomes = [*(outcome for outcome, _ in labelled(3)), failed(), failed().model_copy(update={"source": None})]

    lines = exported(".jsonl", *outcomes).decode().splitlines()

    assert [list(json.loads(line)) for line in lines] == [["id", "status", "verdict", "error", "source"]] * 5
    assert [Outcome.model_validate_json(line) for line in lines] == outcomes


def test_a_verdict_that_is_json_already_is_not_parsed() -> None:
    """The bytes stand in the line as they are, and the line is the one that a whole outcome gives."""
    outcome, _ = labelled(1)[0]
    assert outcome.verdict is not None
    assert outcome.source is not None

    line = json_line(
        id=outcome.id,
        status=outcome.status,
        verdict=outcome.verdict.model_dump_json().encode(),
        source=outcome.source.model_dump_json().encode(),
    )

    assert line == exported("jsonl", outcome)


def test_json_over_several_lines_becomes_one() -> None:
    """Layout of the parts does not break the line, and line breaks inside text are kept."""
    verdict = json.dumps({"text": "a\r\nb\u2028c"}, indent=1, ensure_ascii=False).encode().replace(b"\n", b"\r\n")

    line = json_line(id='a"\n\u2028', status="graded", verdict=verdict)

    assert line.count(b"\n") == 1
    assert line.endswith(b"\n")
    assert json.loads(line)["verdict"] == {"text": "a\r\nb\u2028c"}
    assert json.loads(line)["id"] == 'a"\n\u2028'


@given(st.text())
def test_any_id_makes_a_line_of_utf8(name: str) -> None:
    """One line, whatever the text."""
    line = json_line(id=name, status="failed")

    assert line.decode().count("\n") == 1
    assert json.loads(line) == {"id": name, "status": "failed", "verdict": None, "error": None, "source": None}


@pytest.mark.parametrize(("ending", "delimiter"), [(".csv", ","), (".tsv", "\t")])
def test_a_table_has_a_column_for_each_figure(ending: str, delimiter: str) -> None:
    """Scores, levels and flags by name; what failed says why."""
    outcome, _ = labelled(3)[2]
    assert outcome.verdict is not None

    graded, wrong = rows_of(exported(ending, outcome, failed()), delimiter)

    assert list(graded)[:7] == ["id", "status", "score", "score_low", "score_high", "band", "rubric"]
    assert list(graded)[-7:] == ["summary", "error_code", "error_message", "file", "line", "speaker", "question"]
    assert float(graded["score"]) == outcome.verdict.score
    assert {name[6:]: int(cell) for name, cell in graded.items() if name.startswith("level:")} == {
        item.id: item.level for item in outcome.verdict.criteria
    }
    assert {name[5:]: cell for name, cell in graded.items() if name.startswith("flag:")} == {
        flag.id: flag.status for flag in outcome.verdict.red_flags
    }
    assert (graded["file"], graded["line"]) == ("answers.jsonl", "3")
    assert (wrong["status"], wrong["error_code"], wrong["line"]) == ("failed", "answer-invalid", "7")
    assert wrong["score"] == wrong["level:rag-signal"] == wrong["flag:hedge-only"] == ""


def test_several_rubrics_share_one_table() -> None:
    """The columns are those of all of them, and the other rubric's stay empty."""
    outcome, _ = labelled(1)[0]

    (row,) = rows_of(exported(".csv", outcome, rubrics=(tiny(), rag_rubric())))

    names = [name for name in row if name.startswith("level:")]
    assert names == [f"level:{item.id}" for item in (*tiny().criteria, *rag_rubric().criteria)]
    assert row["level:cleaning"] == ""
    assert row["level:rag-signal"] != ""


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("=1+1", id="equals"),
        pytest.param("+1+1", id="plus"),
        pytest.param("-1+1", id="minus"),
        pytest.param("@SUM(1)", id="at"),
        pytest.param("\t=1", id="tab"),
        pytest.param("\r=1", id="carriage return"),
        pytest.param("\nx", id="line feed"),
        pytest.param("   =1", id="after spaces"),
        pytest.param("\u00a0=1", id="after a hard space"),
        pytest.param("\u200b=1", id="after an invisible one"),
        pytest.param("\ufeff=1", id="after a byte order mark"),
        pytest.param("\uff1d1", id="full-width equals"),
        pytest.param("\uff0b1", id="full-width plus"),
        pytest.param("\uff0d1", id="full-width minus"),
        pytest.param("\uff20A", id="full-width at"),
        pytest.param("\ufe661", id="small equals"),
        pytest.param("-1e5,2", id="not quite a number"),
        pytest.param(" ", id="blank"),
    ],
)
def test_a_cell_cannot_be_a_formula(text: str) -> None:
    """An apostrophe stands before what a spreadsheet might run, in every column that a file's author fills."""
    source = Source(file=text, speaker=text, question=text)
    outcome = failed(text, message=text).model_copy(update={"source": source})

    (row,) = rows_of(exported(".csv", outcome))

    assert {row[name] for name in ("id", "file", "speaker", "question", "error_message")} == {f"'{text}"}


@pytest.mark.parametrize("text", ["00012", "-5", "+4.5", "a=b", "1=1", "x", "", "\u00e9", "\u201cq\u201d", "(a)"])
def test_plain_text_and_numbers_stay(text: str) -> None:
    """Ids are kept to the letter where nothing can be run."""
    assert harmless(text) == text


@pytest.mark.parametrize("figure", [-5, -0.1, 3, None])
def test_figures_are_no_text(figure: float | None) -> None:
    """A number below zero is a number."""
    assert harmless(figure) is figure


@given(st.text(max_size=12))
def test_no_cell_begins_as_a_formula(text: str) -> None:
    """Whatever the text, the cell is a number, begins harmlessly or has the apostrophe; the text itself is kept."""
    cell = harmless(text)

    assert isinstance(cell, str)
    assert cell in (text, f"'{text}")
    assert cell[:1] not in set("=@\t\r\n\uff1d\uff20")
    if cell[:1] in {"+", "-"}:
        float(cell)


def test_cells_with_delimiters_and_line_breaks_come_back_whole() -> None:
    """Quoting is the standard library's."""
    outcome = failed('a,"b"\nc;d\te')

    assert rows_of(exported(".csv", outcome))[0]["id"] == outcome.id
    assert rows_of(exported(".tsv", outcome), "\t")[0]["id"] == outcome.id


@pytest.mark.parametrize(
    ("name", "ending"),
    [
        pytest.param("out/verdicts.CSV", ".csv", id="upper case"),
        pytest.param(".md", ".md", id="only an ending"),
        pytest.param("verdicts", ".jsonl", id="none"),
        pytest.param("a.b.parquet", ".parquet", id="the last one"),
    ],
)
def test_the_ending_picks_the_format(name: str, ending: str) -> None:
    """Case does not matter, and no ending means JSON lines."""
    assert ending_of(name) == ending


def test_importing_reports_is_light() -> None:
    """Neither templates nor Parquet are loaded before they are used."""
    code = "import sys, service.reports; print(sorted({'jinja2', 'pyarrow', 'markupsafe'} & set(sys.modules)))"

    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert result.stdout == "[]\n"


def test_an_unknown_ending_is_refused_with_those_that_exist() -> None:
    """The message says what to write instead."""
    with pytest.raises(ExportInvalid, match=r"'\.xlsx'.*\.jsonl, \.csv, \.tsv, \.parquet, \.md"):
        writer_for("xlsx", io.BytesIO())


@pytest.mark.parametrize("ending", ENDINGS)
def test_the_file_stays_open_and_empty_runs_are_whole(ending: str) -> None:
    """Whoever opened the file closes it."""
    file: BinaryIO = io.BytesIO()

    writer_for(ending, file, rubrics=[rag_rubric()]).close()

    assert not file.closed
    assert file.tell() > 0 or ending == ".jsonl"
