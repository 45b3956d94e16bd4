"""Serve the scripted provider until killed; its address is one line of JSON on stdout."""

import argparse
import json
import os
import signal
import sys
from pathlib import Path
from typing import get_args

from pydantic import ValidationError

from tests.provider.running import RunningProvider, serve
from tests.provider.script import FAULTS, FINAL, Feature, SchemaUse, Script, parse_faults

_SERVED = """\
It serves OpenAI's protocol at /v1/chat/completions and Anthropic's at /v1/messages; GET /__counts tells what was asked
and billed, POST /__reset begins anew, and POST /__faults takes other faults, as {"429": 0.05}."""


def main() -> None:
    """Read the options and serve."""
    faults = "\n".join(f"  {name:18} {meaning}" for name, meaning in FAULTS.items())
    parser = argparse.ArgumentParser(
        prog="python -m tests.provider",
        description=f"{__doc__}\n\n{_SERVED}",
        epilog=f"faults:\n{faults}\n\n{', '.join(sorted(FINAL))} cannot be got over by asking again.",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--port", type=int, default=0, help="0 is any free one")
    parser.add_argument("--latency", type=float, default=0.0, help="seconds before a reply")
    parser.add_argument("--jitter", type=float, default=0.0, help="share of the latency that it may be off, 0 to 1")
    parser.add_argument("--faults", default="", help="FAULT:SHARE,... of the faults below, or all:SHARE")
    parser.add_argument("--faulty-attempts", type=int, default=2, help="attempts at a prompt that can meet a fault")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument(
        "--schema",
        choices=get_args(SchemaUse),
        default="honour",
        help="what becomes of a JSON Schema beside the prompt",
    )
    parser.add_argument(
        "--refuse", default="", help=f"features refused with status 400, comma between: {', '.join(get_args(Feature))}"
    )
    parser.add_argument("--reasoning-tokens", type=int, default=0, help="tokens of each reply beside its text")
    parser.add_argument("--log", type=Path, help="file to append a line of JSON to for every billed call")
    options = parser.parse_args()
    try:
        script = Script(
            seed=options.seed,
            latency_s=options.latency,
            jitter=options.jitter,
            faults=parse_faults(options.faults),
            faulty_attempts=options.faulty_attempts,
            schema_use=options.schema,
            refuses=frozenset(filter(None, options.refuse.split(","))),
            reasoning_tokens=options.reasoning_tokens,
        )
    except ValidationError as error:
        parser.error("; ".join(problem["msg"] for problem in error.errors()))
    except ValueError as error:
        parser.error(str(error))
    ends = (signal.SIGTERM, signal.SIGINT)
    serve(script, announce=_announce, port=options.port, log=options.log, signals=ends)


def _announce(provider: RunningProvider) -> None:
    sys.stdout.write(json.dumps({"url": provider.url, "pid": os.getpid()}) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
