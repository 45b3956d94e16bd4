"""What all completers of one model at one address share: what it takes, and whether it is alive."""

from dataclasses import dataclass, field
from threading import Lock

from cachetools import LRUCache, cached

from service.completions.breaker import Breaker
from service.completions.capability import Capability
from service.completions.options import CompletionOptions
from service.completions.starting import model_facts

_endpoints: LRUCache[tuple[str, str | None], "Endpoint"] = LRUCache(maxsize=128)


@dataclass
class Endpoint:
    """What is known of one model at one address; `window` is how many tokens the provider said it takes."""

    model: str
    capability: Capability = field(default_factory=Capability)
    breaker: Breaker = field(default_factory=Breaker)
    told_window: int | None = None

    @property
    def window(self) -> int | None:
        """How many tokens a conversation may have; None if not known."""
        return self.told_window or model_facts(self.model).window


@cached(_endpoints, key=lambda options: (options.model, options.api_base), lock=Lock())
def endpoint_of(options: CompletionOptions) -> Endpoint:
    """The endpoint that the options lead to, the same for all of this process."""
    return Endpoint(options.model)


def forget_endpoints() -> None:
    """Know nothing again of any endpoint; completers that are there keep what they have."""
    _endpoints.clear()
