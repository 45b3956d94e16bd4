"""A wire with a provider at its end, and a clock that nobody waits for."""

from collections.abc import Iterator

import httpx
import pytest
import respx

from service.completions import LiteLLMCompleter
from service.completions.through_litellm import load_litellm
from tests.completions.providers import BY_NAME, KEY, Provider


class Wire:
    """A provider that sends these replies one after another, the last for ever; `sent` is what it was sent."""

    def __init__(self, provider: Provider, router: respx.MockRouter) -> None:
        self.provider = provider
        self.waits: list[float] = []
        self.completer = LiteLLMCompleter(provider.options, sleep=self._sleep)
        self._route = router.post(provider.url)

    def replies(self, *replies: httpx.Response | type[Exception]) -> None:
        """Set what the provider does."""
        queue = list(replies)

        def respond(_: httpx.Request) -> httpx.Response:
            reply = queue.pop(0) if len(queue) > 1 else queue[0]
            if isinstance(reply, httpx.Response):
                return httpx.Response(reply.status_code, headers=reply.headers, content=reply.content)
            raise reply("nothing came")

        self._route.mock(side_effect=respond)

    @property
    def sent(self) -> list[httpx.Request]:
        """Every request that reached the wire."""
        return [call.request for call in self._route.calls]

    async def _sleep(self, seconds: float) -> None:
        self.waits.append(seconds)


@pytest.fixture(autouse=True)
def _keys(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    monkeypatch.setenv("ANTHROPIC_API_KEY", KEY)


@pytest.fixture(params=["openai", "anthropic"])
def provider(request: pytest.FixtureRequest) -> Provider:
    """Each provider in turn."""
    return BY_NAME[request.param]


@pytest.fixture
def wire(provider: Provider) -> Iterator[Wire]:
    """The provider at the end of a wire."""
    litellm = load_litellm()
    litellm.in_memory_llm_clients_cache.flush_cache()
    with respx.mock(assert_all_called=False) as router:
        yield Wire(provider, router)
