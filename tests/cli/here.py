"""The whole command in the test's own process, which saves starting another."""

import subprocess
import sys

import pytest
from click.testing import CliRunner

from service.cli.main import main


def evaluator_here(*arguments: str, stdin: bytes = b"") -> subprocess.CompletedProcess[bytes]:
    """Run it as the installed command is: with its exit code, and its errors as messages."""
    with CliRunner().isolation(input=stdin) as (out, err, _), pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "argv", ["evaluator", *arguments])
        with pytest.raises(SystemExit) as ended:
            main()
        sys.stdout.flush()
        sys.stderr.flush()
        code = ended.value.code if isinstance(ended.value.code, int) else int(ended.value.code is not None)
        return subprocess.CompletedProcess(arguments, code, out.getvalue(), err.getvalue())
