"""`evaluator serve`, as a process of its own."""

import json
import os
import re
import signal
import socket
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

COMMAND = [str(Path(sys.executable).with_name("evaluator")), "serve"]


@contextmanager
def serving(*arguments: str) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """The service on a free port, and its address as it announces it."""
    process = subprocess.Popen([*COMMAND, "--port", "0", *arguments], stderr=subprocess.PIPE, text=True)
    assert process.stderr is not None
    try:
        announced = re.search(r"at (http://\S+)", process.stderr.readline())
        assert announced, process.stderr.read()
        yield process, announced.group(1)
    finally:
        process.kill()
        process.communicate()


def refused(*arguments: str) -> str:
    """What a start that is refused says; it must end by itself, with exit code 2 and no traceback."""
    ran = subprocess.run([*COMMAND, *arguments], capture_output=True, text=True, timeout=60, check=False)
    assert (ran.returncode, ran.stdout) == (2, "")
    assert "Traceback" not in ran.stderr
    return ran.stderr


@pytest.mark.parametrize("sent", [signal.SIGTERM, signal.SIGINT])
def test_a_fresh_service_grades_and_a_signal_ends_it(sent: signal.Signals) -> None:
    """Start, POST, verdict; a supervisor's SIGTERM and a person's Ctrl-C end it, without a traceback."""
    body = {"rubric": "rag-vs-fine-tuning", "answer": "I would start with a prompt, because it costs next to nothing."}

    with serving() as (process, address):
        request = urllib.request.Request(
            f"{address}/v1/grade", json.dumps(body).encode(), {"Content-Type": "application/json"}
        )
        with urllib.request.urlopen(request) as reply:
            verdict = json.load(reply)
        process.send_signal(sent)
        _, logged = process.communicate(timeout=60)

    assert verdict["grader"]["kind"] == "keyword"
    assert len(verdict["criteria"]) == 12
    assert process.returncode in (0, -sent)
    assert "Traceback" not in logged


def test_a_port_in_use_is_said_so() -> None:
    """The second service on a port says which address is taken and what to do."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        complaint = refused("--port", str(taken.getsockname()[1]))

    assert "Address already in use" in complaint
    assert "--port" in complaint


def test_the_network_is_refused_without_keys() -> None:
    """Nobody opens a grader to the network by accident."""
    assert "EVALUATOR_API_KEYS" in refused("--host", "0.0.0.0", "--port", "0")


def test_the_network_is_served_with_a_key(monkeypatch: pytest.MonkeyPatch) -> None:
    """With a key set any address is fine."""
    monkeypatch.setenv("EVALUATOR_API_KEYS", "0123456789abcdef0123")

    with serving("--host", "0.0.0.0") as (_, address):
        port = address.rpartition(":")[2]
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/healthz") as reply:
            status = reply.status

    assert status == 200


def test_a_missing_provider_key_is_found_at_start() -> None:
    """A service that could not grade a single answer does not start."""
    assert "OPENAI_API_KEY" in refused("--model", "gpt-5", "--port", "0")


def test_a_broken_rubric_stops_the_start(tmp_path: Path) -> None:
    """The file, the line and the remedy are said at the start, not at the first answer."""
    (tmp_path / "broken.yaml").write_text("id: broken\nid: twice\n", encoding="utf-8")

    complaint = refused("--rubrics-dir", os.fspath(tmp_path), "--port", "0")

    assert "broken.yaml:2:1" in complaint
