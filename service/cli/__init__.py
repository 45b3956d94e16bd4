"""The `evaluator` command. Results go to stdout or `--out`, everything else to stderr."""

from service.cli.main import main

__all__ = ["main"]
