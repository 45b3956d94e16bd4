"""`evaluator serve`: the HTTP service."""

import contextlib
import socket
import sys
from typing import TYPE_CHECKING

import click

from service.cli.environment import model_options, read_settings

if TYPE_CHECKING:
    from collections.abc import Callable

    import uvicorn


@click.command()
@click.option("--host", help="Address to listen on.  [default: 127.0.0.1]")
@click.option("--port", type=click.IntRange(0, 65_535), help="Port to listen on; 0 picks a free one.  [default: 8000]")
@model_options
def serve(
    *,
    host: str | None,
    port: int | None,
) -> None:
    """Start the HTTP service.

    Without keys (EVALUATOR_API_KEYS) it listens on this machine only.
    """
    from service.errors import SettingsInvalid  # noqa: PLC0415 - as below

    settings = read_settings()
    set_host, set_port = settings.address()
    host, port = host or set_host, set_port if port is None else port
    settings = settings.model_copy(update={"listen": f"{host}:{port}"})
    settings.check_listen()

    import uvicorn  # noqa: PLC0415 - only this command serves

    from service.api import build_app, end_streams  # noqa: PLC0415 - loads the web framework
    from service.observability import configure_logging  # noqa: PLC0415 - only a service logs

    configure_logging(settings.log_level, settings.log_format or ("text" if sys.stderr.isatty() else "json"))
    app = build_app(settings, work_at_start=True)
    try:
        listener = socket.create_server(
            (host, port), family=socket.AF_INET6 if ":" in host else socket.AF_INET, reuse_port=False
        )
    except OSError as error:
        raise SettingsInvalid(
            f"Cannot listen on {host}:{port}: {error.strerror or error}. "
            "Choose another with --port or EVALUATOR_LISTEN."
        ) from None
    _announce(settings.model, listener)
    config = uvicorn.Config(app, log_config=None, access_log=False, server_header=False, timeout_graceful_shutdown=10)
    with contextlib.suppress(KeyboardInterrupt):  # Ctrl-C is how a person stops it
        _server(config, lambda: end_streams(app)).run(sockets=[listener])


def _server(config: "uvicorn.Config", end_streams: "Callable[[], None]") -> "uvicorn.Server":
    """A server that has its streams end before it waits for its connections to."""
    import uvicorn  # noqa: PLC0415 - only this command serves

    class Server(uvicorn.Server):
        async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
            end_streams()
            await super().shutdown(sockets)

    return Server(config)


def _announce(model: str | None, listener: socket.socket) -> None:
    host, port = listener.getsockname()[:2]
    address = f"http://{f'[{host}]' if ':' in host else host}:{port}"
    click.echo(f"Answer evaluator at {address}", err=True)
    click.echo(f"  grader   {model or 'keyword (offline; set EVALUATOR_MODEL to grade with a model)'}", err=True)
    click.echo(f"  API docs {address}/docs", err=True)
    click.echo("  stop     Ctrl-C", err=True)
