"""Connections that end while a reply is owed, over the transport that litellm takes where it is free to."""

import asyncio
import socket
import struct
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from service.completions import CompletionOptions, LiteLLMCompleter, Price
from service.errors import GraderUnavailable
from tests.completions.providers import REQUEST
from tests.completions.test_prices import Purse
from tests.provider.asking import clients_of_this_loop

_RESET = struct.pack("ii", 1, 0)


@asynccontextmanager
async def that_breaks_off(*, reset: bool) -> AsyncIterator[tuple[str, list[bytes]]]:
    """A server that takes the beginning of a request and leaves; its address, and what it was sent."""
    sent: list[bytes] = []

    async def take(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        sent.append(await reader.readuntil(b"\r\n\r\n"))
        if reset:
            writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
        writer.transport.abort()

    async with await asyncio.start_server(take, "127.0.0.1") as server, clients_of_this_loop():
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}", sent


@pytest.mark.parametrize("reset", [pytest.param(True, id="reset"), pytest.param(False, id="closed")])
@pytest.mark.parametrize(("model", "path"), [("openai/gpt-test", "/v1"), ("anthropic/claude-sonnet-4-5", "")])
async def test_what_was_sent_is_sent_once_and_may_be_charged(
    model: str, path: str, monkeypatch: pytest.MonkeyPatch, *, reset: bool
) -> None:
    """Not a second time by litellm itself, where what the first may have cost would count for nothing."""
    monkeypatch.delenv("DISABLE_AIOHTTP_TRANSPORT", raising=False)
    purse = Purse()
    async with that_breaks_off(reset=reset) as (address, sent):
        options = CompletionOptions(
            model=model, api_base=f"{address}{path}", max_attempts=1, price=Price(prompt=1, completion=1)
        )
        with pytest.raises(GraderUnavailable) as caught:
            await LiteLLMCompleter(options, budget=purse).complete(REQUEST)

    ((reserved, spent),) = purse.settled
    assert (caught.value.reason, len(sent)) == ("connection", 1)
    assert spent == reserved > 0
