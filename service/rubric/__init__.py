"""Rubrics: the format, the loader that says where a file is wrong, and the catalog of a folder."""

from service.rubric.catalog import Catalog
from service.rubric.loader import load_rubric, parse_rubric
from service.rubric.model import Band, Criterion, Level, RedFlag, Rubric, rubric_json_schema
from service.rubric.reference import REFERENCE_ID, reference_rubric
from service.rubric.signals import Expression, Signal

__all__ = [
    "REFERENCE_ID",
    "Band",
    "Catalog",
    "Criterion",
    "Expression",
    "Level",
    "RedFlag",
    "Rubric",
    "Signal",
    "load_rubric",
    "parse_rubric",
    "reference_rubric",
    "rubric_json_schema",
]
