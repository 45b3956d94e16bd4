import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.errors import WebhookInvalid
from service.webhooks import check_url
from tests.webhooks.receiver import PUBLIC, resolving_to


@pytest.mark.parametrize(
    ("url", "asked"),
    [
        pytest.param("https://hooks.example.com/grades?for=us", ("hooks.example.com", 443), id="usual"),
        pytest.param("https://hooks.example.com:8443", ("hooks.example.com", 8443), id="port"),
        pytest.param("https://b\u00fccher.example/", ("xn--bcher-kva.example", 443), id="international name"),
        pytest.param(f"https://{PUBLIC}/", (PUBLIC, 443), id="address"),
        pytest.param("https://[2606:4700::1111]/", ("2606:4700::1111", 443), id="address of IPv6"),
    ],
)
def test_a_public_address_is_taken(url: str, asked: tuple[str, int]) -> None:
    """What is resolved is the host that will be connected to."""
    resolver = resolving_to(PUBLIC)

    check_url(url, allow_private=False, resolve=resolver)

    assert resolver.asked == [asked]


@pytest.mark.parametrize(
    ("url", "why"),
    [
        pytest.param("http://hooks.example.com/", "https://", id="plain http"),
        pytest.param("ftp://hooks.example.com/", "https://", id="another scheme"),
        pytest.param("file:///etc/passwd", "https://", id="file"),
        pytest.param("hooks.example.com", "https://", id="no scheme"),
        pytest.param("https://", "https://", id="no host"),
        pytest.param("https://hooks example\x00.com/", "not a URL", id="control character"),
        pytest.param("https://me:secret@hooks.example.com/", "user name", id="credentials"),
        pytest.param("https://token@hooks.example.com/", "user name", id="user"),
        pytest.param("https://good.example\\@evil.example/", "user name", id="backslash"),
        pytest.param("https://2130706433/", "number", id="decimal"),
        pytest.param("https://0x7f000001/", "number", id="hexadecimal"),
        pytest.param("https://0177.0.0.1/", "not a URL", id="octal"),
        pytest.param("https://017700000001/", "number", id="octal in one part"),
        pytest.param("https://127.1/", "number", id="two parts"),
        pytest.param("https://0x7f.0.0.0x1/", "number", id="mixed"),
        pytest.param("https://%31%32%37.0.0.1/", "number", id="percent"),
        pytest.param("https://127.0.0.1./", "number", id="trailing dot"),
        pytest.param("https://hooks.example.com:0/", "port", id="port 0"),
        pytest.param("https://hooks.example.com:99999/", "port", id="port too high"),
        pytest.param(f"https://hooks.example.com/{'x' * 2000}", "longer", id="too long"),
    ],
)
def test_what_is_no_address_is_refused(url: str, why: str) -> None:
    """The message says what is wrong and repeats nothing of the address, which may hold a password."""
    with pytest.raises(WebhookInvalid, match=why) as caught:
        check_url(url, allow_private=False, resolve=resolving_to(PUBLIC))

    assert "secret" not in str(caught.value)
    assert "token" not in str(caught.value)


@pytest.mark.parametrize(
    "address",
    [
        *("127.0.0.1", "127.255.255.254", "0.0.0.0", "10.1.2.3", "172.16.0.1", "192.168.1.1", "169.254.169.254"),
        *("100.64.0.1", "192.0.0.8", "198.18.0.1", "203.0.113.7", "224.0.0.1", "240.0.0.1", "255.255.255.255"),
        *("::1", "::", "::127.0.0.1", "fe80::1", "fe80::1%eth0", "fc00::1", "fd12::1", "fec0::1", "ff02::1"),
        *("::ffff:127.0.0.1", "::ffff:10.0.0.1", "::ffff:100.64.0.1", "64:ff9b::7f00:1", "64:ff9b::a9fe:a9fe"),
        *("64:ff9b:1::a00:1", "2002:7f00:1::", "2002:a00:1::1", "2001:0:7f00:1::", "2001:db8::1", "3fff::1"),
    ],
)
def test_a_name_that_leads_inside_is_refused(address: str) -> None:
    """By whatever notation, and with a public address beside it."""
    resolver = resolving_to(PUBLIC, address)
    if "%" in address:  # is left out, as no URL can hold a zone
        resolver = resolving_to(address)

    with pytest.raises(WebhookInvalid, match=r"public internet|no address"):
        check_url("https://hooks.example.com/", allow_private=False, resolve=resolver)


@pytest.mark.parametrize("address", [PUBLIC, "2606:4700::1111", "::ffff:93.184.215.14", "64:ff9b::5db8:d70e"])
def test_a_name_that_leads_outside_is_taken(address: str) -> None:
    """In IPv6 too, and through a network that translates."""
    check_url("https://hooks.example.com/", allow_private=False, resolve=resolving_to(address))

    with pytest.raises(WebhookInvalid):  # so that the check is what let it pass
        check_url("https://hooks.example.com/", allow_private=False, resolve=resolving_to(address, "10.0.0.1"))


@given(st.ip_addresses(v=4))
def test_no_notation_makes_an_address_public(address: object) -> None:
    """An IPv4 address within IPv6 is judged as itself."""
    plain, mapped = str(address), f"::ffff:{address}"

    verdicts = [_taken(text) for text in (plain, mapped)]

    assert verdicts[0] == verdicts[1]


def _taken(address: str) -> bool:
    try:
        check_url("https://hooks.example.com/", allow_private=False, resolve=resolving_to(address))
    except WebhookInvalid:
        return False
    return True


def test_an_unknown_name_is_refused() -> None:
    """A slip in the name is found when the webhook is set, not when it fires."""
    with pytest.raises(WebhookInvalid, match="check its name"):
        check_url("https://hooks.example.com/", allow_private=False, resolve=resolving_to())


def test_what_is_not_an_address_is_not_public() -> None:
    """Whatever the system's resolver may give."""
    with pytest.raises(WebhookInvalid, match="public internet"):
        check_url("https://hooks.example.com/", allow_private=False, resolve=resolving_to("somewhere"))


def test_the_real_resolver_finds_this_machine() -> None:
    """`localhost` is refused by what it resolves to, and taken where that is allowed."""
    with pytest.raises(WebhookInvalid, match="public internet"):
        check_url("https://localhost/", allow_private=False)

    check_url("http://localhost:8000/", allow_private=True)
