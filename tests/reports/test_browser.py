"""The HTML report in a real browser: hostile text is seen and never run, and nothing is fetched.

Set REQUIRE_BROWSER=1 where a browser must be there: what is skipped without one then fails.
"""

import os
import re
import shutil
import subprocess
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import NamedTuple

import pytest

from service.reports import write_html
from service.reports.visible import visible
from tests.reports.hostile import ANSWER, CANARY, hostile_outcomes, hostile_text, poisoned_builder
from tests.reports.outcomes import labelled, summed_up
from tests.reports.pages import Page

# Read here, because tests run without the settings of this machine.
REQUIRED = os.environ.get("REQUIRE_BROWSER") == "1"
NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
POLICY = re.compile(r'<meta http-equiv="Content-Security-Policy"[^>]*>')
RAN = 'data-ran="yes"'


class Listener(NamedTuple):
    """A server on this machine, and the paths it was asked for."""

    address: str
    asked: list[str]


@pytest.fixture(scope="module")
def browser() -> str:
    """The browser's command; without one the tests are skipped, or fail where one is required."""
    found = next(filter(None, map(shutil.which, NAMES)), None)
    if found is None:
        message = f"THE HTML REPORT IS NOT TESTED IN A BROWSER: none of {', '.join(NAMES)} was found"
        if REQUIRED:
            pytest.fail(message)
        pytest.skip(message)
    return found


@pytest.fixture
def listener() -> Iterator[Listener]:
    """A server that notes what it is asked for."""
    asked: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            self.send_response(204)
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the library's name
            """Stay silent."""

    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield Listener(f"http://127.0.0.1:{server.server_port}", asked)
    server.shutdown()
    thread.join()
    server.server_close()


def hostile_page(folder: Path, address: str) -> Path:
    """A report that is hostile wherever it holds text."""
    path = folder / "report.html"
    with path.open("wb") as file:
        write_html(
            file,
            title=hostile_text(address),
            summary=poisoned_builder(address).build(),
            outcomes=hostile_outcomes(address),
            data_href=f"javascript:{CANARY}",
        )
    return path


def opened(browser: str, page: Path) -> Page:
    """The page as it stands once the browser has read it and let its scripts run."""
    command = [
        browser,
        "--headless",
        "--no-sandbox",
        "--disable-gpu",
        "--disable-dev-shm-usage",
        "--no-first-run",
        "--disable-background-networking",
        f"--user-data-dir={page.parent / 'profile'}",
        "--virtual-time-budget=3000",
        "--dump-dom",
        page.as_uri(),
    ]
    result = subprocess.run(command, capture_output=True, check=True, timeout=120)
    return Page(result.stdout.decode())


def test_hostile_text_is_seen_and_never_run(browser: str, listener: Listener, tmp_path: Path) -> None:
    """The page's own script runs, none of the text does, and the visible words are the literal ones."""
    path = hostile_page(tmp_path, listener.address)

    page = opened(browser, path)

    assert 'class="scripted"' in page.html
    assert RAN not in page.html
    assert listener.asked == []
    assert page.texts["title"][0] == visible(hostile_text(listener.address))
    answer = re.sub(r"<sup>.*?</sup>", "", re.findall(r"<blockquote.*?</blockquote>", page.html, re.DOTALL)[0])
    assert Page(answer).texts["blockquote"][0] == visible(ANSWER.replace("ADDRESS", listener.address))
    assert [tag for tag, _ in page.elements if tag in {"img", "iframe", "link", "base", "object"}] == []


def test_escaping_alone_holds(browser: str, listener: Listener, tmp_path: Path) -> None:
    """Without the policy the text still is text: one defence does not lean on the other."""
    path = hostile_page(tmp_path, listener.address)
    whole = path.read_text(encoding="utf-8")
    path.write_text(POLICY.sub("", whole, count=1), encoding="utf-8")

    page = opened(browser, path)

    assert POLICY.search(whole)
    assert not POLICY.search(page.html)
    assert RAN not in page.html
    assert listener.asked == []


def test_the_policy_alone_holds(browser: str, listener: Listener, tmp_path: Path) -> None:
    """Text that had escaped would neither run nor load."""
    path = hostile_page(tmp_path, listener.address)
    # No policy of a page keeps it from being sent elsewhere, so that one is left out.
    raw = f"<main>{hostile_text(listener.address).replace('http-equiv=refresh', '')}"
    path.write_text(path.read_text(encoding="utf-8").replace("<main>", raw, 1), encoding="utf-8")

    page = opened(browser, path)

    assert "<script>document" in page.html
    assert RAN not in page.html
    assert listener.asked == []


def test_the_canary_would_be_heard(browser: str, listener: Listener, tmp_path: Path) -> None:
    """With neither defence the text does run and load, so that silence means something."""
    path = tmp_path / "report.html"
    path.write_text(f"<!doctype html><img src={listener.address}/img><script>{CANARY}</script>", encoding="utf-8")

    page = opened(browser, path)

    assert RAN in page.html
    assert "/img" in listener.asked


def test_the_page_is_complete_in_a_browser(browser: str, tmp_path: Path) -> None:
    """Every answer is there, and what can be chosen is filled in from them."""
    answers = labelled(8)
    path = tmp_path / "report.html"
    with path.open("wb") as file:
        write_html(file, title="Cohort", summary=summed_up(outcome for outcome, _ in answers), outcomes=answers)

    page = opened(browser, path)

    assert page.html.count('class="answer"') == 8
    bands = {outcome.verdict.band for outcome, _ in answers if outcome.verdict}
    assert set(page.texts["option"]) >= {"all", "graded", *filter(None, bands)}


DRIVER = """<script>
const turn = (id, value, kind) => {
  const control = document.getElementById(id);
  control.value = value;
  control.dispatchEvent(new Event(kind));
};
turn("order", "down", "change");
turn("show", "band:weak", "change");
turn("find", "A020 the", "input");
document.getElementById("open").click();
</script>"""


def test_answers_can_be_filtered_ordered_and_opened(browser: str, tmp_path: Path) -> None:
    """The highest score first, the one of a band that holds all the words shown, all of them open."""
    answers = labelled(20)
    path = tmp_path / "report.html"
    with path.open("wb") as file:
        write_html(file, title="Cohort", summary=summed_up(outcome for outcome, _ in answers), outcomes=answers)
    driven = POLICY.sub("", path.read_text(encoding="utf-8"), count=1).replace("</body>", f"{DRIVER}</body>")
    path.write_text(driven, encoding="utf-8")

    page = opened(browser, path)

    listed = [attrs for tag, attrs in page.elements if tag == "details" and attrs.get("class") == "answer"]
    scores = [float(attrs["data-score"]) for attrs in listed]
    shown = [attrs for attrs in listed if "hidden" not in attrs]
    assert scores == sorted(scores, reverse=True)
    assert [(attrs["data-band"], page.texts["h3"][-20 + listed.index(attrs)]) for attrs in shown] == [("weak", "a020")]
    assert all("open" in attrs for attrs in listed)
    assert page.texts["output"] == ["1 of 20 shown"]
