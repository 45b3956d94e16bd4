"""Files of many answers: JSON lines, JSON, CSV, TSV and Parquet, read as a stream of submissions."""

from service.answers.reading import FORMATS, read_answers
from service.answers.sniffing import sniff_answers

__all__ = ["FORMATS", "read_answers", "sniff_answers"]
