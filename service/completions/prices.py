"""What calls cost, and what they may cost at most."""

from service.completions.arguments import keeps_prompt, most_prompt_tokens, reply_room
from service.completions.options import CompletionOptions, Price
from service.completions.protocol import CompletionRequest
from service.completions.starting import model_facts

KEEPING_FACTOR = 1.25
"""How much a token of a prompt costs that the provider is asked to keep, in tokens that it is not.

Source: Anthropic's price list, for what is kept five minutes.
"""


def price_of(options: CompletionOptions) -> Price | None:
    """The user's own price, else that of litellm's table; None where neither is known."""
    return options.price or model_facts(options.model).price


def worst_case(options: CompletionOptions, request: CompletionRequest) -> float | None:
    """The most that one call with this request is likely to cost in dollars; None where the price is unknown."""
    price = price_of(options)
    if price is None:
        return None
    factor = KEEPING_FACTOR if keeps_prompt(options, request) else 1.0
    prompt, reply = most_prompt_tokens(request), reply_room(options, request)
    # Where cached tokens cost more than others, all of them might be.
    per_token = max(price.prompt * factor, price.cached or 0.0)
    return (prompt * per_token + reply * price.completion) / 1_000_000
