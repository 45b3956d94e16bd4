"""One self-contained HTML page: the summary, then answer after answer with its evidence highlighted."""

import base64
import hashlib
from collections.abc import Iterable
from functools import cache
from itertools import chain, islice
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO
from urllib.parse import quote, urlsplit

from service.coaching import quoted
from service.outcome import Outcome
from service.reports.model import Summary
from service.reports.times import place_in_transcript
from service.reports.views import AnswerView, answer_views, rubric_views
from service.reports.visible import visible

if TYPE_CHECKING:
    import jinja2

ANSWERS_SHOWN = 500
MATRIX_ANSWERS = 40
"""Up to so many answers stand one by one beside the criteria, and all are open."""

_FOLDER = Path(__file__).parent / "templates"
_CHUNKS = 200  # pieces of text joined for one write


def write_html(
    file: BinaryIO,
    *,
    title: str,
    summary: Summary,
    outcomes: Iterable[tuple[Outcome, str | None]],
    data_href: str | None = None,
    limit: int = ANSWERS_SHOWN,
) -> None:
    """Write the page, in UTF-8; of the outcomes, each with its answer's text if that is at hand, `limit` are read.

    `data_href` is the address of the file with all of them, or a path as seen from the page.
    """
    views = answer_views(islice(outcomes, limit), summary)
    first = list(islice(views, MATRIX_ANSWERS + 1))
    few: list[AnswerView] = first if len(first) <= MATRIX_ANSWERS and summary.answers <= MATRIX_ANSWERS else []
    template = _environment().get_template("report.html.j2")
    stream = template.stream(
        title=title,
        summary=summary,
        rubrics=rubric_views(summary, few),
        answers=chain(first, views),
        shown=min(limit, summary.answers),
        left_out=max(summary.answers - limit, 0),
        data_href=None if data_href is None else _href(data_href),
        **_assets(),
    )
    stream.enable_buffering(_CHUNKS)
    file.writelines(chunk.encode() for chunk in stream)


def _href(address: str) -> str:
    """An address of the web or of a file as it is, anything else as a path: a file may be called `javascript:x`."""
    try:
        if urlsplit(address).scheme in {"http", "https", "file"}:
            return address
    except ValueError:
        pass  # no address at all, so a path
    path = quote(address.encode("utf-8", "surrogateescape"), safe="/~")
    return path if path.startswith(("/", "./", "../")) and not path.startswith("//") else f"./{path}"


@cache
def _environment() -> "jinja2.Environment":
    import jinja2  # noqa: PLC0415 - only a report needs it

    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(_FOLDER),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {
        "visible": visible,
        "quoted": lambda text: quoted(visible(text)),
        "place": place_in_transcript,
        "g": lambda figure: f"{figure:g}",
        "count": lambda number: f"{number:,}",
    }
    return environment


@cache
def _assets() -> dict[str, object]:
    """The style and the script, and the policy under which nothing runs or loads but these two, letter for letter."""
    import markupsafe  # noqa: PLC0415 - comes with jinja2

    style, script = ((_FOLDER / name).read_text(encoding="utf-8") for name in ("report.css", "report.js"))
    digests = (base64.b64encode(hashlib.sha256(text.encode()).digest()).decode() for text in (style, script))
    policy = "default-src 'none'; style-src 'sha256-{}'; script-src 'sha256-{}'; base-uri 'none'; form-action 'none'"
    return {
        "style": markupsafe.Markup(style),  # noqa: S704 - our own file
        "script": markupsafe.Markup(script),  # noqa: S704 - our own file
        "policy": policy.format(*digests),
    }
