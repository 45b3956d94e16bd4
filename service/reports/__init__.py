"""What many outcomes come to: a summary, files in several formats, and a report as one HTML page.

Importing this loads neither jinja2 nor pyarrow.
"""

from service.reports.exports import (
    ENDINGS,
    DelimitedWriter,
    JsonLinesWriter,
    OutcomeWriter,
    ending_of,
    writer_for,
)
from service.reports.html import ANSWERS_SHOWN, write_html
from service.reports.interviews import MAX_INTERVIEWS
from service.reports.model import Summary
from service.reports.summary import SummaryBuilder, interview_of, marks_of
from service.reports.terminal import render_summary

__all__ = [
    "ANSWERS_SHOWN",
    "ENDINGS",
    "MAX_INTERVIEWS",
    "DelimitedWriter",
    "JsonLinesWriter",
    "OutcomeWriter",
    "Summary",
    "SummaryBuilder",
    "ending_of",
    "interview_of",
    "marks_of",
    "render_summary",
    "write_html",
    "writer_for",
]
