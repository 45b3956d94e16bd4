"""A scripted provider: a server of OpenAI's and Anthropic's protocols over real sockets that grades by drawing lots.

Run it beside a trial with `python -m tests.provider --port 0 --latency 0.2`, or inside a test:

    with scripted_provider(latency=0.2, faults={"429": 0.05}, seed=7) as provider:
        ...  # openai/scripted at provider.url, anthropic/scripted at provider.anthropic_url
    provider.counts().billed_by_prompt
"""

from tests.provider.counting import Counts
from tests.provider.running import RunningProvider, provider_process, scripted_provider
from tests.provider.script import FAULTS, FINAL, Script, every_fault, parse_faults

__all__ = [
    "FAULTS",
    "FINAL",
    "Counts",
    "RunningProvider",
    "Script",
    "every_fault",
    "parse_faults",
    "provider_process",
    "scripted_provider",
]
