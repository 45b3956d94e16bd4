"""Settings for a command: the environment, `.env`, and the flags that override them."""

import logging
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import click

if TYPE_CHECKING:
    from service.settings import Settings

Command = TypeVar("Command", bound=Callable[..., None])

_FLAGS = "service.cli.flags"


def _keep(context: click.Context, parameter: click.Parameter, value: object) -> None:
    context.meta.setdefault(_FLAGS, {})[parameter.name] = value


# A flag that stands for a setting: `read_settings` takes it from the command's context.
_setting = partial(click.option, callback=_keep, expose_value=False)

rubrics_dir_option = _setting(
    "--rubrics-dir", type=click.Path(path_type=Path), help="Folder of rubrics to use instead."
)


def model_options(command: Command) -> Command:
    """The flags of every command that grades."""
    for option in (
        rubrics_dir_option,
        _setting(
            "--on-model-failure",
            type=click.Choice(["error", "fallback"]),
            help="When the model cannot grade: stop, or fall back to the keyword grader (marked degraded).",
        ),
        _setting("--api-base", metavar="URL", help="A server compatible with the model's provider."),
        _setting("--model", metavar="NAME", help="The model that grades, by its litellm name. Unset: offline."),
    ):
        command = option(command)
    return command


def panel_options(command: Command) -> Command:
    """The flags of commands that grade, for more than one grading of an answer."""
    for option in (
        _setting("--frontier-model", metavar="NAME", help="A better model, asked only for what is in doubt."),
        _setting("--panel", type=int, metavar="N", help="How often the model grades each answer, 1 to 15."),
    ):
        command = option(command)
    return command


cache_option = _setting(
    "--no-cache",
    "cache",
    flag_value=False,
    type=bool,
    default=None,
    help="Neither use gradings of the database again nor keep any there.",
)
budget_option = _setting(
    "--budget",
    "budget_usd",
    type=float,
    metavar="USD",
    help="The most it may cost in all, in US dollars; EVALUATOR_BUDGET_USD unless given.",
)


def read_settings() -> "Settings":
    """Read the settings, which the flags of the command under way override.

    A provider's key may stand in `.env` too, under the provider's own name.
    """
    import dotenv  # noqa: PLC0415 - `--help` needs no settings

    from service.settings import load_settings, unknown_variables  # noqa: PLC0415 - `--help` needs no settings

    # An error says all that a person needs; without a handler Python would print the warnings before it, too.
    logging.getLogger("service").addHandler(logging.NullHandler())
    dotenv.load_dotenv(Path(".env"))
    for sentence in unknown_variables():
        click.echo(f"Warning: {sentence}", err=True)
    return load_settings(**click.get_current_context().meta.get(_FLAGS, {}))
