"""Reading a page as a browser would, without one."""

import io
from collections.abc import Iterable
from html.parser import HTMLParser

from service.reports import Summary, write_html
from tests.reports.outcomes import Graded

VOID = {"meta", "link", "br", "img", "input", "hr", "base"}


class Page(HTMLParser):
    """The elements of a page with their attributes, and the text of each kind of element."""

    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self.html = html
        self.elements: list[tuple[str, dict[str, str]]] = []
        self.texts: dict[str, list[str]] = {}
        self._open: list[str] = []
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note an element."""
        self.elements.append((tag, {name: value or "" for name, value in attrs}))
        self.texts.setdefault(tag, []).append("")
        if tag not in VOID:
            self._open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note an element that closes itself."""
        self.handle_starttag(tag, attrs)
        if tag not in VOID:
            self.handle_endtag(tag)

    def handle_endtag(self, tag: str) -> None:
        """Leave an element; the page closes what it opens, in order."""
        assert self._open.pop() == tag

    def handle_data(self, data: str) -> None:
        """Add text to every element that it stands in."""
        for tag in set(self._open):
            self.texts[tag][-1] += data

    def tags(self) -> set[str]:
        """The kinds of element there are."""
        return {tag for tag, _ in self.elements}

    def attributes(self, *names: str) -> list[str]:
        """The values of attributes of these names."""
        return [value for _, attrs in self.elements for name, value in attrs.items() if name in names]

    @property
    def is_closed(self) -> bool:
        """Whether everything that was opened is closed."""
        return not self._open


def page_of(
    summary: Summary,
    outcomes: Iterable[Graded],
    *,
    title: str = "Spring cohort",
    data_href: str | None = None,
    limit: int = 500,
) -> Page:
    """The report as a page."""
    file = io.BytesIO()
    write_html(file, title=title, summary=summary, outcomes=outcomes, data_href=data_href, limit=limit)
    return Page(file.getvalue().decode())
