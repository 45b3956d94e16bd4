"""What all completers of one model at one address share: what it takes, and whether it is alive."""

from dataclasses import dataclass, field
from threading import Lock

from cachetools import LRUCache, cached

from service.completions.breaker import Breaker
from service.completions.capability import Capability, Shape
from service.completions.options import CompletionOptions
from service.completions.starting import calls_for_schema, model_facts

TOLD_WINDOW_S = 600.0
"""How long a window is believed that an error of the provider told; then it may tell it again."""

_endpoints: LRUCache[tuple[str, str | None], "Endpoint"] = LRUCache(maxsize=128)


@dataclass
class Endpoint:
    """What is known of one model at one address; times are those of any one monotonic clock, in seconds."""

    model: str
    capability: Capability = field(default_factory=Capability)
    breaker: Breaker = field(default_factory=Breaker)
    _told_window: int = 0
    _told_until: float = float("-inf")
    _most_served: int = 0

    def window(self, now: float) -> int | None:
        """How many tokens a conversation may have; None if not known."""
        known = model_facts(self.model).window
        if now >= self._told_until:
            return known
        return min(self._told_window, known or self._told_window)

    def tell_window(self, tokens: int, now: float) -> None:
        """Take the provider's word, unless a longer conversation was served: an error may repeat what anybody wrote."""
        if tokens >= self._most_served:
            self._told_window, self._told_until = tokens, now + TOLD_WINDOW_S

    def served(self, tokens: int) -> None:
        """A conversation of so many tokens was served, the reply included."""
        if tokens > self._most_served:
            self._most_served = tokens
            if tokens > self._told_window:
                self._told_until = float("-inf")


@cached(_endpoints, key=lambda options: (options.model, options.api_base), lock=Lock())
def endpoint_of(options: CompletionOptions) -> Endpoint:
    """The endpoint that the options lead to, the same for all of this process."""
    shape = Shape("tool" if calls_for_schema(options.model) else "json_schema")
    return Endpoint(options.model, Capability(shape))


def forget_endpoints() -> None:
    """Know nothing again of any endpoint; completers that are there keep what they have."""
    _endpoints.clear()
