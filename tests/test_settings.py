"""Every setting: its rules, its messages, and that no message shows a secret."""

from pathlib import Path

import pytest

from service.errors import SettingsInvalid
from service.settings import PREFIX, ModelPrice, Settings, is_loopback, load_settings, unknown_variables

KEY = "0123456789abcdef"
SECRET = "hunter2-secret"


def read(monkeypatch: pytest.MonkeyPatch, **variables: str) -> Settings:
    """The settings that these variables, without their prefix, make."""
    for name, value in variables.items():
        monkeypatch.setenv(PREFIX + name, value)
    return load_settings()


def test_without_any_variable() -> None:
    """The offline grader on loopback, without keys, with answers up to 100 kB."""
    settings = load_settings()

    settings.check_listen()
    assert (settings.model, settings.address(), settings.on_model_failure) == (None, ("127.0.0.1", 8000), "error")
    assert settings.max_answer_bytes == 100_000
    assert settings.open_to_anyone


@pytest.mark.parametrize(
    ("variables", "field", "value"),
    [
        pytest.param({"MODEL": " openai/gpt "}, "model", "openai/gpt", id="a name with spaces around it"),
        pytest.param({"MODEL": "  "}, "model", None, id="a blank name is none"),
        pytest.param({"MODEL": ""}, "model", None, id="an empty variable is unset"),
        pytest.param({"LOG_LEVEL": "WARNING"}, "log_level", "warning", id="capitals"),
        pytest.param(
            {"CORS_ORIGINS": "https://a.example, https://b.example,"},
            "cors_origins",
            ("https://a.example", "https://b.example"),
            id="a list",
        ),
        pytest.param({"ALLOW_UNAUTHENTICATED": "true"}, "allow_unauthenticated", True, id="a switch"),
        pytest.param({"MODEL_TIMEOUT_SECONDS": "2.5"}, "model_timeout_seconds", 2.5, id="a number"),
        pytest.param(
            {"PRICES": '{"openai/x": {"prompt": 1, "completion": 2.5}}'},
            "prices",
            {"openai/x": ModelPrice(prompt=1.0, completion=2.5)},
            id="prices",
        ),
        pytest.param({"PRICES": " "}, "prices", {}, id="no prices"),
        pytest.param({"BUDGET_USD": "2.50"}, "budget_usd", 2.5, id="a budget"),
    ],
)
def test_a_variable_is_read(
    monkeypatch: pytest.MonkeyPatch, variables: dict[str, str], field: str, value: object
) -> None:
    """Values come trimmed, and an empty one is as good as unset."""
    settings = read(monkeypatch, **variables)

    assert getattr(settings, field) == value


@pytest.mark.parametrize(
    ("variables", "message"),
    [
        pytest.param({"ON_MODEL_FAILURE": "retry"}, "ON_MODEL_FAILURE: must be 'error' or 'fallback'", id="choice"),
        pytest.param({"MODEL_TIMEOUT_SECONDS": "0"}, "MODEL_TIMEOUT_SECONDS: must be greater than 0", id="too small"),
        pytest.param({"MODEL_TIMEOUT_SECONDS": "inf"}, "MODEL_TIMEOUT_SECONDS: must be less than", id="infinite"),
        pytest.param({"MODEL_TIMEOUT_SECONDS": "nan"}, "MODEL_TIMEOUT_SECONDS: must be", id="not a number"),
        pytest.param({"PRICES": "cheap"}, 'PRICES: it is not JSON; write {"openai/my-model"', id="prices in prose"),
        pytest.param({"PRICES": "[1]"}, "PRICES: must be a valid dictionary", id="prices of nothing"),
        pytest.param({"PRICES": '{"x": {"prompt": 1}}'}, "PRICES: x: completion: Field required", id="half a price"),
        pytest.param({"PRICES": '{"x": {"prompt": -1, "completion": 1}}'}, "PRICES: x: prompt: must be", id="gift"),
        pytest.param({"PRICES": '{"x": {"prompt": NaN, "completion": 1}}'}, "PRICES: x: prompt: ", id="no price"),
        pytest.param(
            {"PRICES": '{"x": {"prompt": 1, "completion": 1, "output": 1}}'}, "PRICES: x: output: ", id="unknown price"
        ),
        pytest.param({"BUDGET_USD": "0"}, "BUDGET_USD: must be greater than 0", id="no budget"),
        pytest.param({"MODEL_ATTEMPTS": "0"}, "MODEL_ATTEMPTS: must be greater than or equal to 1", id="no attempt"),
        pytest.param({"MODEL_ATTEMPTS": "two"}, "MODEL_ATTEMPTS: must be a valid integer", id="not a whole number"),
        pytest.param({"MAX_ANSWER_BYTES": "99999999"}, "MAX_ANSWER_BYTES: must be less than", id="too large"),
        pytest.param({"RUBRICS_DIR": "/no/such"}, "RUBRICS_DIR: there is no folder '/no/such'", id="folder"),
        pytest.param({"LISTEN": "8000"}, "LISTEN is '8000'; write host:port", id="no host"),
        pytest.param({"LISTEN": "localhost:http"}, "write host:port, such as 127.0.0.1:8000", id="no port"),
        pytest.param({"LISTEN": "localhost:70000"}, "write host:port", id="no such port"),
        pytest.param({"API_BASE": "http://localhost:1"}, "API_BASE is set but EVALUATOR_MODEL is not", id="no model"),
        pytest.param(
            {"FRONTIER_API_BASE": "http://localhost:1"},
            "FRONTIER_API_BASE is set but EVALUATOR_FRONTIER",
            id="no frontier",
        ),
        pytest.param(
            {"FRONTIER_MODEL": "openai/a"}, "EVALUATOR_FRONTIER_MODEL need EVALUATOR_MODEL", id="nothing small"
        ),
        pytest.param({"PANEL": "3"}, "EVALUATOR_FRONTIER_MODEL need EVALUATOR_MODEL", id="a panel of nobody"),
        pytest.param({"PANEL": "16"}, "PANEL: must be less than or equal to 15", id="too many"),
        pytest.param({"API_KEYS": "short"}, "API_KEYS: a key is shorter than 16 characters", id="short key"),
        pytest.param({"API_KEYS": f"{KEY},x"}, "API_KEYS: a key is shorter", id="one short key"),
        pytest.param({"API_KEYS": " , "}, "API_KEYS: there is no key in it", id="keys without a key"),
        pytest.param({"ALLOW_UNAUTHENTICATED": "perhaps"}, "ALLOW_UNAUTHENTICATED: must be a valid bool", id="switch"),
    ],
)
def test_a_wrong_value(monkeypatch: pytest.MonkeyPatch, variables: dict[str, str], message: str) -> None:
    """The message names the variable and says why."""
    with pytest.raises(SettingsInvalid) as caught:
        read(monkeypatch, **variables)

    assert message in str(caught.value)
    assert str(caught.value).startswith(PREFIX)


def test_every_wrong_value_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two slips take one round to correct."""
    with pytest.raises(SettingsInvalid) as caught:
        read(monkeypatch, MODEL_ATTEMPTS="x", LOG_LEVEL="loud")

    assert [line.partition(":")[0] for line in str(caught.value).splitlines()] == [
        "EVALUATOR_MODEL_ATTEMPTS",
        "EVALUATOR_LOG_LEVEL",
    ]


@pytest.mark.parametrize(
    "name", [name.upper() for name in Settings.model_fields if name not in {"listen", "rubrics_dir"}]
)
def test_no_error_shows_a_value(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    """A key pasted into the wrong variable does not end up in a log."""
    monkeypatch.setenv(PREFIX + "MODEL_REASKS", "broken")

    with pytest.raises(SettingsInvalid) as caught:
        read(monkeypatch, **{name: SECRET})

    assert SECRET not in str(caught.value)
    assert caught.value.__cause__ is None


def test_keys_do_not_show(monkeypatch: pytest.MonkeyPatch) -> None:
    """Printing or serialising the settings hides the keys."""
    settings = read(monkeypatch, API_KEYS=f"{KEY}, {KEY[::-1]}")

    assert [key.get_secret_value() for key in settings.api_keys] == [KEY, KEY[::-1]]
    assert KEY not in f"{settings!r} {settings} {settings.model_dump_json()}"


@pytest.mark.parametrize(
    ("listen", "expected"),
    [
        pytest.param("localhost:80", ("localhost", 80), id="name"),
        pytest.param("[::1]:80", ("::1", 80), id="IPv6"),
        pytest.param("0.0.0.0:0", ("0.0.0.0", 0), id="any port"),
    ],
)
def test_address(listen: str, expected: tuple[str, int]) -> None:
    """Host and port, without the brackets of IPv6."""
    address = load_settings(listen=listen).address()

    assert address == expected


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        ("127.0.0.1", True),
        ("127.8.8.8", True),
        ("::1", True),
        ("LocalHost", True),
        ("0.0.0.0", False),
        ("::", False),
        ("10.0.0.1", False),
        ("localhost.example.com", False),
        ("", False),
    ],
)
def test_is_loopback(host: str, expected: bool) -> None:  # noqa: FBT001 - what the parameters say
    """Only this machine's own addresses."""
    found = is_loopback(host)

    assert found is expected


@pytest.mark.parametrize(
    "settings",
    [
        pytest.param({"listen": "0.0.0.0:80", "api_keys": KEY}, id="keys"),
        pytest.param({"listen": "0.0.0.0:80", "allow_unauthenticated": True}, id="told to"),
        pytest.param({"listen": "localhost:80"}, id="loopback"),
    ],
)
def test_listening_is_allowed(settings: dict[str, object]) -> None:
    """With keys, when told to, or where only this machine can call."""
    loaded = load_settings(**settings)

    loaded.check_listen()


@pytest.mark.parametrize("listen", ["0.0.0.0:80", "[::]:80", "192.168.1.5:80", "myhost:80"])
def test_listening_to_the_network_without_keys_is_refused(listen: str) -> None:
    """The message has three ways out."""
    settings = load_settings(listen=listen)

    with pytest.raises(SettingsInvalid) as caught:
        settings.check_listen()

    message = str(caught.value)
    assert all(way in message for way in ("EVALUATOR_API_KEYS", "127.0.0.1", "EVALUATOR_ALLOW_UNAUTHENTICATED=true"))


def test_an_override_beats_a_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    """A flag wins over the environment, and a flag that was not given does not."""
    monkeypatch.setenv("EVALUATOR_MODEL", "from-the-environment")
    monkeypatch.setenv("EVALUATOR_LISTEN", "localhost:1")

    settings = load_settings(model="from-a-flag", listen=None)

    assert (settings.model, settings.listen) == ("from-a-flag", "localhost:1")


def test_env_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """`.env` is read; what is not a setting in it is somebody else's; the environment wins."""
    (tmp_path / ".env").write_text("EVALUATOR_MODEL=file\nEVALUATOR_MODEL_REASKS=1\nOTHER_KEY=x\n", encoding="utf-8")
    monkeypatch.setitem(Settings.model_config, "env_file", str(tmp_path / ".env"))

    settings = read(monkeypatch, MODEL_REASKS="3")

    assert (settings.model, settings.model_reasks) == ("file", 3)


def test_env_file_that_is_not_text(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A `.env` in another encoding is an error that says so."""
    (tmp_path / ".env").write_bytes(b"EVALUATOR_MODEL=\xff\n")
    monkeypatch.setitem(Settings.model_config, "env_file", str(tmp_path / ".env"))

    with pytest.raises(SettingsInvalid) as caught:
        load_settings()

    assert str(caught.value) == "The .env file is not UTF-8; save it as UTF-8."


def test_misspelt_variables_are_pointed_out() -> None:
    """A near miss is worth a word; what a cluster sets for a service of that name is not."""
    names = ["EVALUATOR_MODLE", "EVALUATOR_API_KEY", "EVALUATOR_PORT_80_TCP", "EVALUATOR_MODEL", "MODEL", "HOME"]

    sentences = unknown_variables(dict.fromkeys(names, SECRET))

    assert sentences == [
        "EVALUATOR_API_KEY is not a setting; did you mean EVALUATOR_API_KEYS?",
        "EVALUATOR_MODLE is not a setting; did you mean EVALUATOR_MODEL?",
    ]


def test_every_setting_is_described() -> None:
    """Each has a sentence, which the README and `--help` show."""
    descriptions = [field.description or "" for field in Settings.model_fields.values()]

    assert all(text.endswith(".") for text in descriptions)


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        pytest.param({"api_keys": "cl\u00e9-of-the-tests-0001"}, "visible ASCII", id="a key not in ASCII"),
        pytest.param({"api_keys": "key of the tests 0001"}, "visible ASCII", id="a key with spaces"),
        pytest.param({"cors_origins": "https://app.example/"}, "without a path", id="an origin with a slash"),
        pytest.param({"cors_origins": "https://App.example"}, "lower case", id="an origin in capitals"),
        pytest.param({"cors_origins": "app.example"}, "scheme://host", id="an origin without a scheme"),
    ],
)
def test_what_could_never_match_is_refused(change: dict[str, str], complaint: str) -> None:
    """No client could send such a key, and no browser such an origin, so every call would fail."""
    with pytest.raises(SettingsInvalid, match=complaint):
        load_settings(**change)


@pytest.mark.parametrize("origin", ["*", "https://app.example", "http://[::1]:3000", "http://localhost:3000"])
def test_origins_as_browsers_write_them_are_taken(origin: str) -> None:
    """With or without a port, and the star."""
    assert load_settings(cors_origins=origin).cors_origins == (origin,)
