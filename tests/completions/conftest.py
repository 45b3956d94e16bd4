"""A wire with a provider at its end, and a clock that nobody waits for."""

import json
import re
from collections.abc import Iterator

import httpx
import pytest
import respx

from service.completions import Budget, LiteLLMCompleter, Pace
from service.completions.endpoints import forget_endpoints
from service.completions.starting import load_litellm
from tests.completions.providers import BY_NAME, KEY, Provider
from tests.completions.scripted import NONCE


class Wire:
    """A provider that sends these replies one after another, the last for ever; `sent` is what it was sent."""

    def __init__(self, provider: Provider, router: respx.MockRouter) -> None:
        self.provider = provider
        self.waits: list[float] = []
        self.now = 1_000.0
        self.completer = self.completes()
        self._route = router.post(provider.url)

    def completes(
        self, *, pace: Pace | None = None, budget: Budget | None = None, **options: object
    ) -> LiteLLMCompleter:
        """One more completer with the clock of the wire, and these options other than usual."""
        changed = self.provider.options.model_copy(update=options)
        return LiteLLMCompleter(changed, pace=pace, budget=budget, sleep=self.sleep, clock=lambda: self.now)

    def replies(self, *replies: httpx.Response | type[Exception]) -> None:
        """Set what the provider does."""
        queue = list(replies)

        def respond(request: httpx.Request) -> httpx.Response:
            reply = queue.pop(0) if len(queue) > 1 else queue[0]
            if isinstance(reply, httpx.Response):
                content = reply.content.replace(NONCE.encode(), _nonce(request))
                headers = {name: value for name, value in reply.headers.items() if name != "content-length"}
                return httpx.Response(reply.status_code, headers=headers, content=content)
            raise reply("nothing came")

        self._route.mock(side_effect=respond)

    @property
    def sent(self) -> list[httpx.Request]:
        """Every request that reached the wire."""
        return [call.request for call in self._route.calls]

    async def sleep(self, seconds: float) -> None:
        """Let the clock of the wire go on."""
        self.waits.append(seconds)
        self.now += seconds


def _nonce(request: httpx.Request) -> bytes:
    """The nonce that a request asks its reply to repeat."""
    asked = json.dumps(json.loads(request.content).get("messages", [""])[-1])
    return re.findall(r'\\"nonce\\": \\"([0-9a-f]{16})', asked)[-1].encode() if "nonce" in asked else b""


@pytest.fixture(autouse=True)
def _keys(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    monkeypatch.setenv("ANTHROPIC_API_KEY", KEY)
    monkeypatch.setenv("GEMINI_API_KEY", KEY)


@pytest.fixture(autouse=True)
def _nothing_learnt() -> None:
    forget_endpoints()


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
