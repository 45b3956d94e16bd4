"""Every setting, read once by an entry point from `EVALUATOR_*` variables or a `.env`, and passed down."""

import difflib
import ipaddress
import json
import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, SecretStr, ValidationError, field_validator, model_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from service.errors import SettingsInvalid
from service.models import Frozen

PREFIX = "EVALUATOR_"

_KEY = re.compile(r"[\x21-\x7e]+")
_ORIGIN = re.compile(r"\*|null|[a-z][a-z0-9+.-]*://[^/A-Z\s]+")
PRICES_EXAMPLE = '{"openai/my-model": {"prompt": 0.5, "completion": 1.5, "cached": 0.05}}'

_Dollars = Annotated[float, Field(ge=0, le=1_000_000)]


class ModelPrice(Frozen):
    """What a model costs, in US dollars per million tokens; without `cached`, cached tokens cost what others do."""

    prompt: _Dollars
    completion: _Dollars
    cached: _Dollars | None = None


class Settings(BaseSettings):
    """How the service behaves; each field is the variable of the same name with `EVALUATOR_` before it."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX,
        env_file=".env",
        env_ignore_empty=True,
        extra="ignore",
        frozen=True,
        hide_input_in_errors=True,  # a value may be a key
    )

    model: str | None = Field(
        None, description="The model that grades, by its litellm name; unset, the offline keyword grader grades."
    )
    api_base: str | None = Field(
        None, description="Address of a server compatible with the model's provider, such as http://localhost:11434/v1."
    )
    on_model_failure: Literal["error", "fallback"] = Field(
        "error",
        description="When the model cannot grade: `error`, or `fallback` to the keyword grader, marked degraded.",
    )
    model_timeout_seconds: Annotated[float, Field(gt=0, le=3_600)] = Field(
        60.0, description="Longest wait for one reply of the model."
    )
    model_deadline_seconds: Annotated[float, Field(gt=0, le=86_400)] = Field(
        180.0, description="Longest time for one request to the model, with all its retries."
    )
    model_attempts: Annotated[int, Field(ge=1, le=20)] = Field(
        4, description="How often one request is sent at most, where the failure may pass by itself."
    )
    model_reasks: Annotated[int, Field(ge=0, le=10)] = Field(
        2, description="How often a reply that is not valid is sent back with the complaint."
    )
    model_max_tokens: Annotated[int, Field(ge=256, le=200_000)] = Field(
        8_000, description="Longest reply asked of the model, in tokens."
    )
    model_concurrency: Annotated[int, Field(ge=1, le=1_000)] = Field(
        16, description="How many requests to the model may be under way at once."
    )
    model_calls: Literal["single", "per-criterion"] = Field(
        "single", description="Ask for all criteria in one request, `single`, or for each alone, `per-criterion`."
    )
    panel: Annotated[int, Field(ge=1, le=15)] = Field(
        1, description="How often the model grades each answer; the level in the middle counts."
    )
    panel_models: Annotated[tuple[str, ...], NoDecode, Field(max_length=15)] = Field(
        (), description="Further models that grade each answer once, separated by commas."
    )
    panel_temperature: Annotated[float, Field(ge=0, le=2)] = Field(
        0.7, description="The temperature for a model that grades each answer more than once; it is 0 for others."
    )
    frontier_model: str | None = Field(
        None, description="A better model, which is asked only for what is in doubt after the others."
    )
    frontier_api_base: str | None = Field(None, description="Address of a server for the better model.")
    requests_per_minute: Annotated[int, Field(ge=1, le=10_000_000)] | None = Field(
        None, description="How many requests a minute all workers together may send to the model in batches."
    )
    tokens_per_minute: Annotated[int, Field(ge=1_000, le=10_000_000_000)] | None = Field(
        None, description="How many tokens a minute all workers together may use of the model in batches."
    )
    prices: Annotated[dict[str, ModelPrice], NoDecode] = Field(
        {},
        description="What models cost, in USD per million tokens, where it is not known or you know better, as JSON: "
        f"`{PRICES_EXAMPLE}`.",
    )
    budget_usd: Annotated[float, Field(gt=0, le=1_000_000)] | None = Field(
        None, description="The most that a batch, or an answer graded by itself, may cost, in USD."
    )
    database_url: SecretStr | None = Field(
        None,
        description="Where batches are kept: sqlite:///FILE or postgresql://USER:PASSWORD@HOST:PORT/NAME; "
        "unset, a file in your data folder.",
    )
    cache: bool = Field(
        default=True,
        description="Keep gradings by a model in the database, so that the same answer graded in the same way is paid "
        "for once.",
    )
    retention_days: Annotated[int, Field(ge=1, le=36_500)] | None = Field(
        None,
        description="After how many days what candidates said, and what quotes it, is erased from the database; "
        "unset, when somebody deletes it.",
    )
    rubrics_dir: Path | None = Field(
        None, description="Folder of rubric files to use instead of those that come with the service."
    )
    max_answer_bytes: Annotated[int, Field(ge=1, le=10_000_000)] = Field(
        100_000, description="Longest answer, in bytes of UTF-8."
    )
    max_upload_bytes: Annotated[int, Field(ge=1_000, le=100_000_000_000)] = Field(
        200_000_000, description="Largest file or body that POST /v1/batches takes, in bytes."
    )
    webhooks_allow_private: bool = Field(
        default=False, description="Let webhooks go to private addresses, and over plain http."
    )
    listen: str = Field("127.0.0.1:8000", description="Address and port the service listens on.")
    api_keys: Annotated[tuple[SecretStr, ...], NoDecode] = Field(
        (), description="Keys that clients may send as `Authorization: Bearer KEY`, separated by commas."
    )
    allow_unauthenticated: bool = Field(
        default=False, description="Serve on an address other than loopback although no key is set."
    )
    cors_origins: Annotated[tuple[str, ...], NoDecode] = Field(
        (), description="Origins of web pages that may call the service, separated by commas; `*` for any."
    )
    log_level: Literal["debug", "info", "warning", "error"] = Field(
        "info", description="The least severe logs to keep."
    )
    log_format: Literal["json", "text"] | None = Field(
        None, description="How the service logs to stderr: `json` or `text`; unset, `text` at a terminal, else `json`."
    )

    @field_validator("model", "api_base", "frontier_model", "frontier_api_base", "database_url", mode="before")
    @classmethod
    def _blank_is_unset(cls, value: object) -> object:
        return (value.strip() or None) if isinstance(value, str) else value

    @field_validator("on_model_failure", "model_calls", "log_level", "log_format", mode="before")
    @classmethod
    def _in_lower_case(cls, value: object) -> object:
        return value.strip().lower() if isinstance(value, str) else value

    @field_validator("prices", mode="before")
    @classmethod
    def _in_json(cls, value: object) -> object:
        if not isinstance(value, str):
            return value
        try:
            return json.loads(value) if value.strip() else {}
        except ValueError:
            raise ValueError(f"it is not JSON; write {PRICES_EXAMPLE}") from None

    @field_validator("api_keys", "cors_origins", "panel_models", mode="before")
    @classmethod
    def _separated(cls, value: object) -> object:
        if isinstance(value, str):
            return tuple(part.strip() for part in value.split(",") if part.strip())
        return value

    @field_validator("api_keys", mode="before")
    @classmethod
    def _some_key(cls, value: object) -> object:
        if isinstance(value, str) and not value.strip(", "):
            raise ValueError("there is no key in it; unset it to serve without keys")
        return value

    @field_validator("api_keys")
    @classmethod
    def _long_enough(cls, keys: tuple[SecretStr, ...]) -> tuple[SecretStr, ...]:
        if any(len(key.get_secret_value()) < 16 for key in keys):
            raise ValueError("a key is shorter than 16 characters; make one with `openssl rand -hex 32`")
        if not all(_KEY.fullmatch(key.get_secret_value()) for key in keys):
            # Clients differ in how they write anything else into a header.
            raise ValueError("a key is not of visible ASCII characters; make one with `openssl rand -hex 32`")
        return keys

    @field_validator("cors_origins")
    @classmethod
    def _as_browsers_write_them(cls, origins: tuple[str, ...]) -> tuple[str, ...]:
        for origin in origins:
            if not _ORIGIN.fullmatch(origin):
                raise ValueError("an origin is scheme://host or scheme://host:port, in lower case and without a path")
        return origins

    @field_validator("rubrics_dir")
    @classmethod
    def _a_folder(cls, folder: Path | None) -> Path | None:
        if folder is not None and not folder.is_dir():
            raise ValueError(f"there is no folder {str(folder)!r}")
        return folder

    @model_validator(mode="after")
    def _consistent(self) -> "Settings":
        self.address()
        if self.api_base and not self.model:
            raise ValueError("EVALUATOR_API_BASE is set but EVALUATOR_MODEL is not; name the model to ask there")
        if self.frontier_api_base and not self.frontier_model:
            raise ValueError(
                "EVALUATOR_FRONTIER_API_BASE is set but EVALUATOR_FRONTIER_MODEL is not; name the model to ask there"
            )
        if not self.model and (self.frontier_model or self.panel_models or self.panel > 1):
            raise ValueError(
                "EVALUATOR_PANEL, EVALUATOR_PANEL_MODELS and EVALUATOR_FRONTIER_MODEL need EVALUATOR_MODEL, the model "
                "that grades everything"
            )
        return self

    def address(self) -> tuple[str, int]:
        """Host and port to listen on."""
        host, _, port = self.listen.rpartition(":")
        if not host or not port.isdecimal() or int(port) > 65_535:
            raise ValueError(f"EVALUATOR_LISTEN is {self.listen!r}; write host:port, such as 127.0.0.1:8000")
        return host.strip("[]"), int(port)

    @property
    def open_to_anyone(self) -> bool:
        """Whether requests without a key are served."""
        return not self.api_keys

    def check_listen(self) -> None:
        """Refuse to serve the network without keys unless told to.

        Raises:
            SettingsInvalid: the address is not loopback, no key is set and `allow_unauthenticated` is off.
        """
        host, _ = self.address()
        if self.open_to_anyone and not self.allow_unauthenticated and not is_loopback(host):
            raise SettingsInvalid(
                f"Listening on {host} would let anyone on the network grade and read rubrics. Set EVALUATOR_API_KEYS, "
                "listen on 127.0.0.1, or set EVALUATOR_ALLOW_UNAUTHENTICATED=true if something in front checks callers."
            )


def is_loopback(host: str) -> bool:
    """Whether a host name or address is this machine's own."""
    if host.lower() == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def load_settings(**overrides: object) -> Settings:
    """Read the settings; overrides that are None are left out.

    Raises:
        SettingsInvalid: a value is not allowed; the message names each variable and says why, without its value.
    """
    given = {name: value for name, value in overrides.items() if value is not None}
    try:
        return Settings(**given)  # type: ignore[arg-type]  # the validators see to the types
    except ValidationError as error:
        lines = []
        for problem in error.errors(include_url=False, include_input=False):
            name = f"{PREFIX}{str(problem['loc'][0]).upper()}: " if problem["loc"] else ""
            name += "".join(f"{part}: " for part in problem["loc"][1:])
            message = problem["msg"].removeprefix("Value error, ").replace("Input should be", "must be")
            lines.append(f"{name}{message}")
        raise SettingsInvalid("\n".join(lines)) from None
    except UnicodeDecodeError:
        raise SettingsInvalid("The .env file is not UTF-8; save it as UTF-8.") from None
    except OSError as error:
        raise SettingsInvalid(f"The .env file cannot be read: {error.strerror}.") from None


def unknown_variables(environment: Mapping[str, str] | None = None) -> list[str]:
    """A sentence for each `EVALUATOR_*` variable that looks like a misspelt setting."""
    known = {f"{PREFIX}{name.upper()}" for name in Settings.model_fields}
    sentences = []
    for name in sorted((os.environ if environment is None else environment).keys() - known):
        # A cluster sets EVALUATOR_PORT and the like for a service of that name, so only near misses are worth a word.
        close = difflib.get_close_matches(name, known, n=1, cutoff=0.85) if name.startswith(PREFIX) else []
        if close:
            sentences.append(f"{name} is not a setting; did you mean {close[0]}?")
    return sentences
