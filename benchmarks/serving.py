"""How many requests a second `POST /v1/grade` serves offline, beside an endpoint of the same app that grades nothing.

The other endpoint parses the same body and returns a verdict of the same size that was made beforehand. The server is
one process; requests come over kept connections from this one.
"""

import asyncio
import json
import multiprocessing
import socket
import statistics
import time
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

import uvicorn
from fastapi import Request, Response

from service.api import build_app
from service.api.requests import parse_grade_request
from service.settings import Settings
from service.wiring import build_evaluator

ANSWERS = Path(__file__).parent.parent / "fixtures" / "labelled" / "answers.jsonl"
RUBRIC = "rag-vs-fine-tuning"
WORDS = (20, 100)
CONNECTIONS = 16
SECONDS = 2.0
ROUNDS = 3


def main() -> None:
    """Print requests a second for both, and their ratio."""
    text = " ".join(json.loads(line)["answer"] for line in ANSWERS.read_text(encoding="utf-8").splitlines()).split()
    with closing(socket.socket()) as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(128)
        port = listener.getsockname()[1]
        bodies = {words: [_body(text[at : at + words]) for at in range(0, 20 * words, words)] for words in WORDS}
        server = multiprocessing.get_context("fork").Process(target=_serve, args=(listener,))
        server.start()
        try:
            for words, each in bodies.items():
                rates: dict[str, list[float]] = {"/v1/grade": [], "/canned": []}
                for _ in range(ROUNDS):
                    for path, found in rates.items():
                        found.append(asyncio.run(_rate(port, path, each)))
                graded, canned = (statistics.median(found) for found in rates.values())
                print(
                    f"{words:4} words   graded {graded:7.0f}/s   canned {canned:7.0f}/s   "
                    f"{100 * graded / canned:.0f} % of it"
                )
        finally:
            server.terminate()
            server.join()


def _body(words: Sequence[str]) -> bytes:
    return json.dumps({"rubric": RUBRIC, "answer": " ".join(words)}).encode()


def _serve(listener: socket.socket) -> None:
    settings = Settings(_env_file=None, log_level="error")
    evaluator = build_evaluator(settings)
    app = build_app(settings, evaluator)
    sample = " ".join(json.loads(ANSWERS.read_text(encoding="utf-8").splitlines()[0])["answer"].split()[: WORDS[0]])
    canned = asyncio.run(evaluator.grade(rubric=RUBRIC, answer=sample)).model_dump_json().encode()

    @app.post("/canned")
    async def _canned(request: Request) -> Response:
        parse_grade_request(await request.body())
        return Response(canned, media_type="application/json")

    uvicorn.Server(uvicorn.Config(app, log_level="error", access_log=False)).run(sockets=[listener])


async def _rate(port: int, path: str, bodies: Sequence[bytes]) -> float:
    until = time.perf_counter() + SECONDS
    done = await asyncio.gather(*(_ask(port, path, bodies, until, first) for first in range(CONNECTIONS)))
    return sum(done) / SECONDS


async def _ask(port: int, path: str, bodies: Sequence[bytes], until: float, first: int) -> int:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    done = 0
    while time.perf_counter() < until:
        body = bodies[(first + done) % len(bodies)]
        head = f"POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
        writer.write(f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body)
        answered = await reader.readuntil(b"\r\n\r\n")
        if not answered.startswith(b"HTTP/1.1 200"):
            raise RuntimeError(answered.partition(b"\r\n")[0].decode())
        length = next(line for line in answered.lower().split(b"\r\n") if line.startswith(b"content-length:"))
        await reader.readexactly(int(length.partition(b":")[2]))
        done += 1
    writer.close()
    return done
