"""Which hosts a URL may name, asked without any network."""

import ipaddress
import socket
from collections.abc import Callable, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bowerbird.addresses import Policy, check_host, kind_of
from bowerbird.errors import InputDownloadFailed, InputUrlInvalid

PUBLIC_4, PUBLIC_6 = "93.184.216.34", "2606:2800:21f:cb07::1"


def resolving(*addresses: str) -> Callable[[str, int], Sequence[str]]:
    return lambda host, port: addresses


def resolving_nothing(host: str, port: int) -> Sequence[str]:
    raise socket.gaierror("no such name")


PROXIED = {
    "http": "http://proxy.corp:3128",
    "https": "proxy.corp:3128",
    "no": "inside.example,.half.example,10.0.0.0/8",
}


def test_a_public_host_is_taken_with_all_its_addresses() -> None:
    target = check_host("https://Media.Example.:8443/a?b=c#d", Policy(resolve=resolving(PUBLIC_4, PUBLIC_6)))
    assert target.addresses == (PUBLIC_4, PUBLIC_6)
    assert (target.host, target.port, target.proxy) == ("media.example", 8443, "")
    assert str(target.url) == "https://media.example:8443/a?b=c"


@pytest.mark.parametrize(
    ("url", "says"),
    [
        ("ftp://media.example/x", "http"),
        ("file:///etc/passwd", "http"),
        ("data:image/png;base64,AAAA", "http"),
        ("gopher://media.example/", "http"),
        ("//media.example/x", "http"),
        ("media.example/x", "http"),
        ("", "http"),
        ("http:///x", "no host"),
        ("http://alice@media.example/", "password"),
        ("http://alice:secret@media.example/", "password"),
        ("http://media.example\\@127.0.0.1/", "character"),
        ("http://media.example/\r\nX: y", "character"),
        ("http://media.example:0/", "port"),
        ("http://media.example:99999/", "port"),
        ("http://media.example:x/", "cannot be read"),
        ("http://a..b/", "neither"),
        ("http://a%2eb/", "neither"),
        ("http://[fe80::1%25eth0]/", "neither"),
    ],
)
def test_what_is_no_plain_web_address_is_refused(url: str, says: str) -> None:
    with pytest.raises(InputUrlInvalid) as caught:
        check_host(url, Policy(resolve=resolving(PUBLIC_4)))
    assert says in caught.value.details
    assert "secret" not in caught.value.details


SPECIAL = [
    ("0.0.0.0", "unspecified"),
    ("10.1.2.3", "private"),
    ("172.31.255.255", "private"),
    ("192.168.0.1", "private"),
    ("100.64.0.1", "carrier"),
    ("127.0.0.1", "loopback"),
    ("127.255.255.254", "loopback"),
    ("169.254.169.254", "link-local"),
    ("192.0.0.1", "reserved"),
    ("198.18.0.1", "reserved"),
    ("224.0.0.1", "multicast"),
    ("255.255.255.255", "reserved"),
    ("::", "unspecified"),
    ("::1", "loopback"),
    ("fd00::1", "private"),
    ("fe80::1", "link-local"),
    ("ff02::1", "multicast"),
    ("2001:db8::1", "reserved"),
    ("2001:0:53aa:64c::1", "reserved"),  # Teredo
    ("::ffff:127.0.0.1", "loopback"),
    ("::ffff:a01:203", "private"),
    ("::7f00:1", "reserved"),  # the old IPv4-compatible form
    ("64:ff9b::10.0.0.1", "private"),
    ("64:ff9b:1::1", "reserved"),
    ("2002:7f00:1::1", "loopback"),
    ("2002:c0a8:1::1", "private"),
    ("2002:808:808::1", "reserved"),  # 6to4, which Debian's Python calls private
    ("2606:2800::5efe:127.0.0.1", "loopback"),
]


@pytest.mark.parametrize(("address", "word"), SPECIAL)
def test_special_addresses_are_refused_as_literals_and_behind_names(address: str, word: str) -> None:
    literal = f"[{address}]" if ":" in address else address
    asked = [
        (f"http://{literal}/", Policy()),
        ("http://media.example/", Policy(resolve=resolving(address))),
        ("http://media.example/", Policy(resolve=resolving(PUBLIC_4, address))),
        (f"http://{literal}/", Policy(proxies={"http": "http://proxy.corp:3128"})),
    ]
    for url, policy in asked:
        with pytest.raises(InputUrlInvalid) as caught:
            check_host(url, policy)
        assert word in caught.value.details
        assert address not in caught.value.details


@pytest.mark.parametrize("address", [PUBLIC_4, PUBLIC_6, "::ffff:8.8.8.8", "64:ff9b::8.8.8.8", "172.32.0.1"])
def test_public_addresses_are_public_however_they_are_written(address: str) -> None:
    assert kind_of(ipaddress.ip_address(address)) == ""


@given(st.ip_addresses())
def test_nothing_that_python_calls_private_passes(
    address: ipaddress.IPv4Address | ipaddress.IPv6Address,
) -> None:
    if address.is_private or address.is_loopback or address.is_link_local or address.is_multicast:
        assert kind_of(address)


@given(st.ip_addresses(v=4))
def test_an_embedded_address_is_judged_as_itself(address: ipaddress.IPv4Address) -> None:
    for prefix in ("::ffff:0:0", "64:ff9b::"):
        embedded = ipaddress.IPv6Address(int(ipaddress.IPv6Address(prefix)) + int(address))
        assert kind_of(embedded) == kind_of(address)


@pytest.mark.parametrize(
    "host", ["127.1", "2130706433", "0x7f000001", "0x7f.1", "0177.0.0.1", "1.2.3.4.5", "1.2.3.08"]
)
@pytest.mark.parametrize("policy", [Policy(resolve=resolving(PUBLIC_4)), Policy(proxies=PROXIED)])
def test_numbers_that_are_read_differently_by_everyone_are_refused(host: str, policy: Policy) -> None:
    with pytest.raises(InputUrlInvalid):
        check_host(f"http://{host}/", policy)


def test_a_name_without_an_address_is_a_failed_download() -> None:
    for resolve in (resolving_nothing, resolving()):
        with pytest.raises(InputDownloadFailed):
            check_host("http://media.example/", Policy(resolve=resolve))


@pytest.mark.parametrize(
    ("allow", "host", "address"),
    [
        ("127.0.0.1", "127.0.0.1", "127.0.0.1"),
        ("127.0.0.1", "[::ffff:127.0.0.1]", "127.0.0.1"),
        ("10.0.0.0/8", "store.internal", "10.9.8.7"),
        ("minio.internal", "minio.internal", "10.9.8.7"),
        ("MINIO.internal", "Minio.Internal.", "10.9.8.7"),
        ("*.corp.example", "a.corp.example", "192.168.1.1"),
        ("fd00::/8", "a.example", "fd12::1"),
        ("localhost", "localhost", "::1"),
    ],
)
def test_the_operator_opens_the_guard_for_hosts_and_networks(allow: str, host: str, address: str) -> None:
    asked = f"http://{host}/"
    assert check_host(asked, Policy(allow=(allow,), resolve=resolving(address))).host
    with pytest.raises(InputUrlInvalid):
        check_host(asked, Policy(allow=("10.255.0.0/30", "other.example"), resolve=resolving(address)))


def test_allowing_a_name_does_not_allow_its_neighbours() -> None:
    policy = Policy(allow=("minio.internal", "*.corp.example"), resolve=resolving("10.0.0.1"))
    for host in ("minio.internal.evil.example", "xminio.internal", "corp.example", "xcorp.example"):
        with pytest.raises(InputUrlInvalid):
            check_host(f"http://{host}/", policy)


def test_behind_a_proxy_names_are_left_to_it() -> None:
    policy = Policy(proxies=PROXIED, resolve=resolving_nothing)
    target = check_host("https://media.example/", policy)
    assert (target.proxy, target.addresses) == ("http://proxy.corp:3128", ())


@pytest.mark.parametrize(
    "host", ["localhost", "intranet", "metadata.google.internal", "printer.local", "x.localhost"]
)
def test_behind_a_proxy_private_names_are_refused(host: str) -> None:
    with pytest.raises(InputUrlInvalid):
        check_host(f"http://{host}/", Policy(proxies=PROXIED))
    assert check_host(f"http://{host}/", Policy(proxies=PROXIED, allow=(host,))).proxy


@pytest.mark.parametrize("host", ["inside.example", "a.inside.example", "half.example", "a.half.example"])
def test_hosts_excepted_from_the_proxy_are_resolved_and_checked_here(host: str) -> None:
    assert check_host(f"http://{host}/", Policy(proxies=PROXIED, resolve=resolving(PUBLIC_4))).proxy == ""
    with pytest.raises(InputUrlInvalid):
        check_host(f"http://{host}/", Policy(proxies=PROXIED, resolve=resolving("10.0.0.1")))


def test_a_network_or_a_star_can_be_excepted_from_the_proxy() -> None:
    assert check_host("http://10.0.0.5/", Policy(proxies=PROXIED, allow=("10.0.0.0/8",))).proxy == ""
    everything = Policy(proxies={**PROXIED, "no": "*"}, resolve=resolving(PUBLIC_4))
    assert check_host("http://media.example/", everything).proxy == ""


def test_the_proxies_of_the_machine_are_read_from_its_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy", "NO_PROXY", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("all_proxy", "proxy.corp:1")
    monkeypatch.setenv("no_proxy", "inside.example")
    policy = Policy.of_this_machine(["10.0.0.0/8"])
    assert check_host("http://media.example/", policy).proxy == "http://proxy.corp:1"
    assert policy.allow == ("10.0.0.0/8",)
