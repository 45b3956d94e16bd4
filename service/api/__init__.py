"""The HTTP service: one door to grading, with problems, limits, keys and metrics around it."""

from service.api.app import build_app, end_streams

__all__ = ["build_app", "end_streams"]
