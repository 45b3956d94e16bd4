"""What the service counts, for Prometheus; labels come from closed sets, never from a request."""

from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4

from service.verdict import Verdict

CONTENT_TYPE = CONTENT_TYPE_PLAIN_0_0_4

_BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 180.0)


class Metrics:
    """The counters of one app, in a registry of its own."""

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        self._requests = Counter(
            "evaluator_http_requests",
            "Requests answered, by route template and status.",
            ("method", "route", "status"),
            registry=self._registry,
        )
        self._seconds = Histogram(
            "evaluator_http_request_seconds",
            "Time from a request's headers to the end of its reply, by route template.",
            ("route",),
            buckets=_BUCKETS,
            registry=self._registry,
        )
        self._verdicts = Counter(
            "evaluator_verdicts",
            "Verdicts given, by the kind of grader and the verdict's status.",
            ("grader", "status"),
            registry=self._registry,
        )

    def count_request(self, *, method: str, route: str, status: int, seconds: float) -> None:
        """Count one request; method and route must be of a closed set."""
        self._requests.labels(method, route, str(status)).inc()
        self._seconds.labels(route).observe(seconds)

    def count_verdict(self, verdict: Verdict) -> None:
        """Count one verdict that was graded, not replayed."""
        self._verdicts.labels(verdict.grader.kind, verdict.status).inc()

    def expose(self) -> bytes:
        """The figures in Prometheus' text format."""
        return generate_latest(self._registry)
