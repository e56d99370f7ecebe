"""Where webhooks go, and where not."""

import ipaddress
from collections.abc import Sequence

import httpx
import pytest

from city.webhooks.errors import Away, Forbidden
from city.webhooks.guard import Guard
from contracts.errors import Refused
from runtime.clock import Fake

INSIDE = "10.20.0.0/16"


def guard(*allow: str, **names: Sequence[str]) -> Guard:
    asked: list[str] = []

    async def resolve(host: str) -> Sequence[str]:
        asked.append(host)
        return names[host.partition(".")[0]]

    made = Guard(allow, Fake(), resolve=resolve)
    made.asked = asked  # type: ignore[attr-defined]
    return made


@pytest.mark.parametrize(
    "url",
    [
        "https://apps.example.org/hook",
        "https://apps.example.org:8443/hook?token=x",
        "https://8.8.8.8/hook",
        "https://[2001:4860:4860::8888]/hook",
    ],
)
def test_public_addresses_are_taken(url: str) -> None:
    assert str(guard().check(url)) == url


@pytest.mark.parametrize(
    "url, reason",
    [
        ("http://apps.example.org/hook", "https"),
        ("ftp://apps.example.org/hook", "https"),
        ("https:///hook", "host"),
        ("https://me:word@apps.example.org/", "password"),
        ("https://apps.example.org/#x", "fragment"),
        ("https://127.0.0.1/hook", "private"),
        ("https://[::1]/hook", "private"),
        ("https://[::ffff:10.0.0.1]/", "private"),
        ("https://169.254.169.254/latest/meta-data", "private"),
        ("https://x" + "x" * 2000, "characters"),
        ("https://exa mple.org/", "address"),
        ("https://example.org:99999/", "address"),
        ("https://x..y/", "address"),
    ],
)
def test_others_are_refused(url: str, reason: str) -> None:
    with pytest.raises(Refused, match=reason):
        guard().check(url)


@pytest.mark.parametrize(
    "address",
    [
        *("0.0.0.0", "10.1.2.3", "100.64.0.1", "127.0.0.1", "169.254.169.254", "172.16.0.1", "192.168.1.1"),
        *("198.18.0.1", "224.0.0.1", "239.1.1.1", "255.255.255.255", "::", "::1", "::127.0.0.1"),
        *("::ffff:10.0.0.1", "64:ff9b::a00:1", "2002:a00:1::", "fd00::1", "fe80::1", "ff02::1"),
        "2001:0:0:0:0:0:f5ff:fffe",  # Teredo: 10.0.0.1
    ],
)
def test_an_address_inside_is_never_connected_to(address: str) -> None:
    assert not guard().may(ipaddress.ip_address(address))
    assert guard("0.0.0.0/0", "::/0").may(ipaddress.ip_address(address)), "but where a setting allows it"


async def test_a_name_that_leads_inside_is_forbidden() -> None:
    with pytest.raises(Forbidden, match=r"10\.0\.0\.1"):
        await guard(trap=["8.8.8.8", "10.0.0.1"]).addresses(httpx.URL("https://trap.test/"))


async def test_what_was_checked_is_kept_for_a_while_and_is_what_is_connected_to() -> None:
    clock = Fake()
    answers = iter([["8.8.8.8"], ["127.0.0.1"]])

    async def resolve(_host: str) -> Sequence[str]:
        return next(answers)

    made = Guard((), clock, keep=60, resolve=resolve)
    url = httpx.URL("https://rebound.test/")
    for _ in range(3):
        assert await made.addresses(url) == ["8.8.8.8"]
    clock.advance(61)
    with pytest.raises(Forbidden):
        await made.addresses(url)


async def test_plain_http_goes_only_to_allowed_networks() -> None:
    mine = guard(INSIDE, near=["10.20.3.4"], public=["8.8.8.8"])
    assert await mine.addresses(httpx.URL("http://near.test/")) == ["10.20.3.4"]
    assert await mine.addresses(httpx.URL("https://public.test/")) == ["8.8.8.8"]
    with pytest.raises(Forbidden):
        await mine.addresses(httpx.URL("http://public.test/"))


async def test_a_name_without_an_address_is_away() -> None:
    with pytest.raises(Away, match="no address"):
        await guard(none=[]).addresses(httpx.URL("https://none.test/"))
    with pytest.raises(Away, match="cannot be looked up"):
        await Guard((), Fake()).addresses(httpx.URL("https://x..y/"))


def test_a_setting_that_is_no_network_is_refused() -> None:
    with pytest.raises(Refused, match=r"webhooks\.allow"):
        Guard(("intranet",), Fake())
