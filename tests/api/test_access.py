"""Who may call, from where, and with what key."""

from typing import Any

import pytest
from starlette.types import Message, Receive, Scope, Send

from service.api.access import KeyGuard, LoopbackGuard
from service.api.limits import BodyLimit, UpgradeRefusal
from service.api.metrics import Metrics
from service.api.problems import Failures
from service.api.tracking import Tracking
from tests.api.doubles import BODY, KEY, RUBRIC, ScriptedGrader, calling, check_problem

OTHER_KEY = "key-of-the-tests-0002"
PAGE = "https://app.example"
BEHIND_A_KEY = ["/", "/docs", "/openapi.json", "/metrics", "/v1/rubrics", f"/v1/rubrics/{RUBRIC}", "/nowhere"]


@pytest.mark.parametrize(
    ("authorization", "status"),
    [
        pytest.param(f"Bearer {KEY}", 200, id="first key"),
        pytest.param(f"Bearer {OTHER_KEY}", 200, id="second key"),
        pytest.param(f"bearer  {KEY} ", 200, id="scheme in lower case, more space"),
        pytest.param(None, 401, id="none"),
        pytest.param("", 401, id="empty"),
        pytest.param("Bearer", 401, id="no key"),
        pytest.param(KEY, 401, id="no scheme"),
        pytest.param(f"Basic {KEY}", 401, id="another scheme"),
        pytest.param(f"Bearer {KEY[:-1]}", 401, id="cut off"),
        pytest.param(f"Bearer {KEY}1", 401, id="too long"),
        pytest.param(f"Bearer {KEY.upper()}", 401, id="another case"),
        pytest.param(f"Bearer {KEY},{OTHER_KEY}", 401, id="both at once"),
        pytest.param("Bearer ÿþ", 401, id="not ASCII"),
    ],
)
async def test_one_of_the_keys_is_asked_for(authorization: str | None, status: int) -> None:
    """Any key opens, nothing else does, and a refusal grades nothing."""
    grader = ScriptedGrader()
    headers = {} if authorization is None else {b"Authorization": authorization.encode("latin-1")}

    async with calling(grader, api_keys=f"{KEY},{OTHER_KEY}") as client:
        reply = await client.post("/v1/grade", json=BODY, headers=headers)

    assert reply.status_code == status
    assert len(grader.answers) == (status == 200)
    if status == 401:
        check_problem(reply, 401, "unauthorized")
        assert reply.headers["www-authenticate"].startswith("Bearer ")


@pytest.mark.parametrize("path", BEHIND_A_KEY)
async def test_everything_but_health_is_behind_the_key(path: str) -> None:
    """A caller without a key learns nothing, not even which paths exist."""
    async with calling(api_keys=KEY) as client:
        refused = await client.get(path)
        served = await client.get(path, headers={"Authorization": f"Bearer {KEY}"})

    check_problem(refused, 401, "unauthorized")
    assert served.status_code in {200, 307, 404}


@pytest.mark.parametrize("path", ["/healthz", "/readyz"])
async def test_health_is_open(path: str) -> None:
    """What watches the service needs no key, under whatever name it calls."""
    async with calling(api_keys=KEY) as client:
        reply = await client.get(path, headers={"Host": "10.0.0.7:8000"})

    assert reply.status_code == 200


@pytest.mark.parametrize(
    ("host", "status"),
    [
        pytest.param("localhost", 200, id="name"),
        pytest.param("LOCALHOST:8000", 200, id="name and port"),
        pytest.param("127.0.0.1:8000", 200, id="IPv4"),
        pytest.param("127.9.9.9", 200, id="all of 127/8"),
        pytest.param("[::1]:8000", 200, id="IPv6"),
        pytest.param("evil.example", 403, id="another name"),
        pytest.param("localhost.evil.example", 403, id="begins like ours"),
        pytest.param("localhost:80@evil.example", 403, id="ours as a user"),
        pytest.param("127.0.0.1.evil.example:8000", 403, id="begins like an address"),
        pytest.param("192.168.1.7", 403, id="another address"),
        pytest.param("0.0.0.0", 403, id="any address"),
        pytest.param("[::]", 403, id="any IPv6 address"),
        pytest.param("::1", 403, id="no brackets"),
        pytest.param("localhost:", 403, id="no port"),
        pytest.param("", 403, id="empty"),
    ],
)
async def test_without_keys_only_this_machine_is_answered(host: str, status: int) -> None:
    """A page that has its own name point here cannot get through: the Host header gives it away."""
    grader = ScriptedGrader()

    async with calling(grader) as client:
        reply = await client.post("/v1/grade", json=BODY, headers={"Host": host})

    assert reply.status_code == status
    assert len(grader.answers) == (status == 200)
    if status == 403:
        check_problem(reply, 403, "foreign-host")


@pytest.mark.parametrize(
    ("origin", "status"),
    [
        pytest.param("http://localhost:3000", 200, id="this machine"),
        pytest.param("https://127.0.0.1", 200, id="this machine by address"),
        pytest.param("http://[::1]:8000", 200, id="this machine by IPv6"),
        pytest.param(PAGE, 200, id="listed"),
        pytest.param("https://evil.example", 403, id="another"),
        pytest.param("http://app.example", 403, id="listed under another scheme"),
        pytest.param("https://app.example.evil.example", 403, id="begins like the listed"),
        pytest.param("http://localhost.evil.example", 403, id="begins like ours"),
        pytest.param("null", 403, id="none of its own"),
        pytest.param("file://localhost", 403, id="a file"),
        pytest.param("localhost", 403, id="not an origin"),
        pytest.param("", 403, id="empty"),
    ],
)
async def test_without_keys_pages_elsewhere_are_refused(origin: str, status: int) -> None:
    """A page that nobody listed cannot have a visitor's browser grade."""
    grader = ScriptedGrader()

    async with calling(grader, cors_origins=PAGE) as client:
        reply = await client.post("/v1/grade", json=BODY, headers={"Origin": origin})

    assert reply.status_code == status
    assert len(grader.answers) == (status == 200)
    if status == 403:
        check_problem(reply, 403, "foreign-origin")


async def test_two_hosts_are_one_too_many() -> None:
    """Which of them the client meant cannot be known."""
    async with calling() as client:
        reply = await client.get("/healthz", headers=[("Host", "localhost"), ("Host", "evil.example")])

    check_problem(reply, 403, "foreign-host")


@pytest.mark.parametrize(
    "settings",
    [
        pytest.param({"allow_unauthenticated": True}, id="told to"),
        pytest.param({"cors_origins": "*"}, id="pages of any origin"),
    ],
)
async def test_pages_elsewhere_are_served_where_that_is_set(settings: dict[str, Any]) -> None:
    """Both settings open the service on purpose."""
    async with calling(**settings) as client:
        reply = await client.post("/v1/grade", json=BODY, headers={"Origin": "https://evil.example"})

    assert reply.status_code == 200


async def test_any_host_is_answered_where_something_in_front_checks_callers() -> None:
    """Behind a proxy the Host is the proxy's."""
    async with calling(allow_unauthenticated=True) as client:
        reply = await client.post("/v1/grade", json=BODY, headers={"Host": "grader.example"})

    assert reply.status_code == 200


async def test_a_listed_page_may_call_and_read() -> None:
    """The browser asks first, without the key; then the page sees the reply and its headers."""
    asking = {
        "Origin": PAGE,
        "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": "authorization,content-type,idempotency-key,x-request-id",
    }
    async with calling(api_keys=KEY, cors_origins=PAGE) as client:
        preflight = await client.options("/v1/grade", headers=asking)
        reply = await client.post("/v1/grade", json=BODY, headers={"Origin": PAGE, "Authorization": f"Bearer {KEY}"})

    assert preflight.status_code == 200
    assert preflight.headers["access-control-allow-origin"] == PAGE
    assert {"DELETE", "GET", "POST"} == set(preflight.headers["access-control-allow-methods"].split(", "))
    assert "x-request-id" in preflight.headers
    assert reply.status_code == 200
    assert reply.headers["access-control-allow-origin"] == PAGE
    exposed = reply.headers["access-control-expose-headers"]
    assert {"Location", "X-Request-ID", "Retry-After"} <= set(exposed.split(", "))


@pytest.mark.parametrize(
    ("change", "status", "code"),
    [
        pytest.param({"Authorization": "Bearer nothing"}, 401, "unauthorized", id="401"),
        pytest.param({"Content-Type": "text/plain"}, 415, "not-json-type", id="415"),
        pytest.param({}, 500, "internal-error", id="500"),
    ],
)
async def test_a_listed_page_can_read_problems_too(change: dict[str, str], status: int, code: str) -> None:
    """Without these headers the page would only learn that something failed."""
    headers = {"Origin": PAGE, "Authorization": f"Bearer {KEY}"} | change

    async with calling(ScriptedGrader(RuntimeError()), api_keys=KEY, cors_origins=PAGE) as client:
        reply = await client.post("/v1/grade", json=BODY, headers=headers)

    check_problem(reply, status, code)
    assert reply.headers["access-control-allow-origin"] == PAGE


@pytest.mark.parametrize(
    "change",
    [
        pytest.param({"Origin": "https://evil.example"}, id="origin"),
        pytest.param({"Access-Control-Request-Method": "PUT"}, id="method"),
        pytest.param({"Access-Control-Request-Headers": "x-other"}, id="header"),
    ],
)
async def test_a_preflight_that_is_refused_is_a_problem(change: dict[str, str]) -> None:
    """The refusal looks like every other."""
    headers = {"Origin": PAGE, "Access-Control-Request-Method": "POST"} | change

    async with calling(cors_origins=PAGE) as client:
        reply = await client.options("/v1/grade", headers=headers)

    check_problem(reply, 400, "cors-refused")
    assert "access-control-allow-origin" not in reply.headers


async def test_no_page_is_told_that_it_may_read_unless_listed() -> None:
    """Without the setting no CORS header is sent."""
    async with calling() as client:
        reply = await client.post("/v1/grade", json=BODY, headers={"Origin": "http://localhost:3000"})

    assert not [name for name in reply.headers if name.startswith("access-control")]


@pytest.mark.parametrize(
    "layer",
    [
        pytest.param(lambda app: Tracking(app, Metrics(), []), id="tracking"),
        pytest.param(Failures, id="failures"),
        pytest.param(lambda app: KeyGuard(app, [KEY]), id="keys"),
        pytest.param(lambda app: LoopbackGuard(app, []), id="loopback"),
        pytest.param(UpgradeRefusal, id="upgrade"),
        pytest.param(lambda app: BodyLimit(app, 1), id="limit"),
    ],
)
async def test_what_is_no_request_passes_untouched(layer: type[Failures]) -> None:
    """The server's start and stop events go straight to the app."""
    seen: list[Scope] = []

    async def app(scope: Scope, _receive: Receive, _send: Send) -> None:
        seen.append(scope)

    async def receive() -> Message:
        raise AssertionError

    async def send(_message: Message) -> None:
        raise AssertionError

    await layer(app)({"type": "lifespan"}, receive, send)

    assert seen == [{"type": "lifespan"}]
