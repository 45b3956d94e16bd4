"""What calls cost, what they may cost at most, and what becomes of money set aside."""

import asyncio

import httpx
import pytest
from pydantic import ValidationError

from service.completions import CompletionOptions, Price, price_of, worst_case
from service.completions.wire import Circumstances, read_completion
from service.errors import BudgetExceeded, GraderUnavailable, SettingsInvalid
from tests.completions.conftest import Wire
from tests.completions.providers import ANTHROPIC, OPENAI, REQUEST, fails

PRICE = Price(prompt=2.0, completion=8.0, cached=0.5)

openai_alone = pytest.mark.parametrize("provider", [OPENAI], ids=["openai"])
anthropic_alone = pytest.mark.parametrize("provider", [ANTHROPIC], ids=["anthropic"])


class Purse:
    """A budget of so many dollars that remembers what it was told."""

    def __init__(self, usd: float = 100.0) -> None:
        self.left = usd
        self.reserved: list[float] = []
        self.settled: list[tuple[float, float]] = []

    async def reserve(self, usd: float) -> None:
        """Set aside what there is."""
        if usd > self.left:
            raise BudgetExceeded("There is no money left.")
        self.left -= usd
        self.reserved.append(usd)

    async def settle(self, reserved: float, spent: float) -> None:
        """Give back what was not spent."""
        self.left += reserved - spent
        self.settled.append((reserved, spent))


@openai_alone
async def test_the_users_own_price_counts(wire: Wire) -> None:
    """Tokens read from the provider's cache have a price of their own."""
    wire.replies(wire.provider.says("{}"))

    completion = await wire.completes(price=PRICE).complete(REQUEST)

    assert completion.usage.cost_usd == pytest.approx((6 * 2.0 + 4 * 0.5 + 5 * 8.0) / 1_000_000)


@anthropic_alone
async def test_what_the_provider_keeps_costs_more_once(wire: Wire) -> None:
    """Anthropic charges a quarter more for tokens it is asked to keep; the user's own price stands over the table's."""
    body = wire.provider.says("{}").json()
    body["usage"] = {"input_tokens": 6, "output_tokens": 5, "cache_creation_input_tokens": 8}
    wire.replies(httpx.Response(200, json=body))

    completion = await wire.completes(price=PRICE).complete(REQUEST)

    assert completion.usage.cost_usd == pytest.approx((6 * 2.0 + 8 * 2.5 + 5 * 8.0) / 1_000_000)


@openai_alone
async def test_no_more_tokens_were_kept_than_read(wire: Wire) -> None:
    """Whatever a server counts, no call earns money."""
    body = wire.provider.says("{}").json()
    body["usage"]["prompt_tokens_details"]["cached_tokens"] = 1_000
    wire.replies(httpx.Response(200, json=body))

    completion = await wire.completes(price=PRICE).complete(REQUEST)

    assert completion.usage.cached_tokens == 10
    assert completion.usage.cost_usd == pytest.approx((10 * 0.5 + 5 * 8.0) / 1_000_000)


def test_without_a_count_of_tokens_the_cost_is_unknown() -> None:
    """A price times nothing is no cost."""
    response = {"model": "m", "choices": [{"message": {"content": "{}"}, "finish_reason": "stop"}], "usage": None}

    completion = read_completion(response, Circumstances("text", PRICE, local=False, calls=1, seconds=0.5))

    assert completion.usage.cost_usd is None


@pytest.mark.parametrize(
    ("options", "price"),
    [
        pytest.param({"model": "openai/gpt-test", "price": PRICE}, PRICE, id="the user's own"),
        pytest.param(
            {"model": "anthropic/claude-sonnet-4-5", "price": Price(prompt=0, completion=0)},
            Price(prompt=0, completion=0),
            id="the user's own, over the table's",
        ),
        pytest.param({"model": "ollama_chat/llama3"}, Price(prompt=0, completion=0), id="local"),
        pytest.param({"model": "openai/gpt-test"}, None, id="unknown"),
    ],
)
def test_prices_are_the_users_or_known_or_not(options: dict[str, object], price: Price | None) -> None:
    """A price that nobody knows is None."""
    assert price_of(CompletionOptions.model_validate(options)) == price


def test_litellms_table_is_in_dollars_per_million() -> None:
    """As providers write their price lists."""
    price = price_of(ANTHROPIC.options)

    assert price is not None
    assert (price.prompt, price.completion, price.cached) == pytest.approx((3.0, 15.0, 0.3))


def test_no_price_is_below_nothing() -> None:
    """Nobody is paid to grade."""
    with pytest.raises(ValidationError):
        Price(prompt=-1.0, completion=1.0)


def test_the_worst_case_covers_prompt_schema_and_the_longest_reply() -> None:
    """And nothing is said where the price is unknown."""
    options = OPENAI.options.model_copy(update={"price": PRICE})
    bytes_sent = sum(len(message.content) for message in REQUEST.messages)

    worst = worst_case(options, REQUEST)

    assert worst is not None
    assert worst > (bytes_sent / 4 * 2.0 + 8_000 * 8.0) / 1_000_000
    assert worst < (8_400 * 8.0) / 1_000_000
    assert worst_case(OPENAI.options, REQUEST) is None


async def test_money_is_set_aside_and_settled(wire: Wire) -> None:
    """The most it may cost before, what it cost afterwards."""
    purse = Purse()
    wire.replies(wire.provider.says("{}"))
    completer = wire.completes(budget=purse, price=PRICE)

    completion = await completer.complete(REQUEST)

    worst = worst_case(completer._options, REQUEST)
    assert purse.settled == [(worst, completion.usage.cost_usd)]
    assert purse.left == pytest.approx(100 - (completion.usage.cost_usd or 0))


@pytest.mark.parametrize(
    ("trouble", "in_full"),
    [
        pytest.param(httpx.ReadTimeout, True, id="timeout"),
        pytest.param(httpx.ReadError, True, id="broken connection"),
        pytest.param(httpx.Response(200, content=b'{"id": '), True, id="cut body"),
        pytest.param(fails(504), True, id="504"),
        pytest.param(httpx.ConnectError, False, id="no connection"),
        pytest.param(fails(429), False, id="429"),
        pytest.param(fails(500), False, id="500"),
        pytest.param(fails(401), False, id="401"),
    ],
)
async def test_a_call_that_failed_is_settled_by_what_is_known(
    wire: Wire, trouble: httpx.Response | type[Exception], *, in_full: bool
) -> None:
    """In full where the provider may have done the work, else not at all; and every try is set aside for anew."""
    purse = Purse()
    wire.replies(trouble)

    with pytest.raises(GraderUnavailable):
        await wire.completes(budget=purse, price=PRICE, max_attempts=2).complete(REQUEST)

    assert purse.settled
    assert len(purse.reserved) == len(purse.settled)
    assert all(spent == (reserved if in_full else 0.0) for reserved, spent in purse.settled)


@openai_alone
async def test_a_cancelled_call_is_settled_in_full(wire: Wire) -> None:
    """What was sent may be answered, and charged."""
    purse, sent = Purse(), asyncio.Event()

    async def never(_: httpx.Request) -> httpx.Response:
        sent.set()
        await asyncio.Event().wait()
        raise AssertionError

    wire._route.mock(side_effect=never)
    task = asyncio.create_task(wire.completes(budget=purse, price=PRICE).complete(REQUEST))
    await sent.wait()

    task.cancel()
    await asyncio.wait([task])

    ((reserved, spent),) = purse.settled
    assert task.cancelled()
    assert reserved == spent > 0


async def test_without_money_nothing_is_sent(wire: Wire) -> None:
    """The error is the budget's own, and the slot is free again."""
    completer = wire.completes(budget=Purse(0.0), price=PRICE, concurrency=1)
    wire.replies(wire.provider.says("{}"))

    for _ in range(2):
        with pytest.raises(BudgetExceeded):
            await completer.complete(REQUEST)

    assert wire.sent == []


@openai_alone
async def test_a_budget_needs_a_price(wire: Wire) -> None:
    """Found out at start, with the variable to set."""
    with pytest.raises(SettingsInvalid, match="EVALUATOR_PRICES"):
        wire.completes(budget=Purse())
