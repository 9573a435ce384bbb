"""The doors of the portal: cookies, redirects, headers, and what a forged request gets."""

import re
import socket
from pathlib import Path

import httpx2
import pytest
from house import LIMIT, House
from people import PASSWORD, link_for

import bowerbird
from bowerbird.portal.cookies import COOKIE, CSRF_HEADER
from bowerbird.portal.signin import LONGEST, own_path

APPS = "/rpc/v2/users/alice/apps"
EVIL = "https://evil.example"


def test_a_sign_in_sets_a_cookie_that_scripts_cannot_read_and_others_cannot_fix(house: House) -> None:
    with house.browser() as browser:
        browser.cookies.set(COOKIE, "planted", domain="127.0.0.1")
        answer = browser.post(
            "/signin", json={"login": "alice", "password": PASSWORD, "next": "/u/alice/zoo"}
        )
        assert answer.json() == {"next": "/u/alice/zoo"}
        flags = answer.headers["set-cookie"].lower()
        assert "httponly" in flags
        assert "samesite=lax" in flags
        assert "path=/" in flags
        assert "secure" not in flags  # the house speaks http
        first = answer.cookies[COOKIE]
        again = browser.post("/signin", json={"login": "alice", "password": PASSWORD})
        assert len({first, again.cookies[COOKIE], "planted"}) == 3


def test_a_wrong_password_and_a_form_of_another_site_get_nothing(house: House) -> None:
    with house.browser() as browser:
        wrong = browser.post("/signin", json={"login": "alice", "password": "guessed it"})
        forged = browser.post(
            "/signin", json={"login": "alice", "password": PASSWORD}, headers={"origin": EVIL}
        )
    assert wrong.status_code == 401
    assert "wrong" in wrong.json()["status"]["description"]
    assert forged.status_code == 400
    assert COOKIE not in wrong.cookies
    assert COOKIE not in forged.cookies


def test_a_link_signs_in_once(house: House) -> None:
    token = house.do(link_for(house.world, "bob"))
    with house.browser() as browser:
        assert browser.get("/signin/link", params={"token": token}).status_code == 200
        assert browser.post("/signin/link", json={"link_token": token}).json() == {"next": "/"}
        spent = browser.post("/signin/link", json={"link_token": token})
    assert spent.status_code == 401
    assert "link" in spent.json()["status"]["description"]


def test_without_a_session_every_page_leads_to_the_sign_in_and_back(house: House) -> None:
    with house.browser() as browser:
        for path in ("/", "/u/alice/zoo", "/u/alice/zoo?a=1&b=2", "/nowhere"):
            answer = browser.get(path)
            assert answer.status_code == 303
            wanted = httpx2.URL(answer.headers["location"])
            assert wanted.path == "/signin"
            assert wanted.params.get("next", "/") == path


@pytest.mark.parametrize(
    "wanted",
    ["//evil.example", "https://evil.example", "/\\evil.example", "javascript:alert(1)", "\t//evil", "/a\n"],
)
def test_nobody_is_sent_elsewhere_after_signing_in(wanted: str) -> None:
    assert own_path(wanted) == "/"
    assert own_path("/u/alice/zoo?q=1#x") == "/u/alice/zoo?q=1#x"


def test_signing_out_ends_the_session_itself(house: House) -> None:
    with house.signed_in("mallory") as browser:
        session = browser.cookies[COOKIE]
        assert browser.post("/signout", headers={CSRF_HEADER: "x"}).status_code == 400
        assert browser.get("/").status_code == 200
        assert browser.post("/signout").json() == {"next": "/signin"}
        browser.cookies.set(COOKIE, session, domain="127.0.0.1")
        assert browser.get("/").headers["location"] == "/signin"
        assert browser.get("/rpc/v1/session").status_code == 401


def test_every_answer_has_the_headers_that_keep_others_out(house: House) -> None:
    with house.signed_in("alice") as browser:
        for path in ("/", "/signin", "/nowhere", "/healthz", "/favicon.ico", "/rpc/v1/session", "/rpc/x"):
            headers = browser.get(path).headers
            policy = headers["content-security-policy"]
            assert "frame-ancestors 'none'" in policy
            assert "default-src 'none'" in policy
            assert "'unsafe-inline'" not in policy.partition("script-src")[2].partition(";")[0]
            assert headers["x-frame-options"] == "DENY"
            assert headers["x-content-type-options"] == "nosniff"
            assert headers["referrer-policy"] == "no-referrer"
            assert headers["cross-origin-opener-policy"] == "same-origin"
            assert "camera=()" in headers["permissions-policy"]


def test_every_script_of_a_page_carries_the_nonce_of_that_answer(house: House) -> None:
    with house.signed_in("alice") as browser:
        first, second = browser.get("/"), browser.get("/")
    nonces = [re.search(r"'nonce-([\w-]+)'", r.headers["content-security-policy"]) for r in (first, second)]
    assert nonces[0]
    assert nonces[1]
    assert nonces[0][1] != nonces[1][1]
    scripts = re.findall(r"<script[^>]*>", first.text)
    assert scripts
    assert all(f'nonce="{nonces[0][1]}"' in script for script in scripts)


def test_the_proxy_calls_as_the_one_who_is_signed_in(house: House) -> None:
    with house.signed_in("alice") as alice, house.signed_in("mallory") as mallory:
        assert alice.get("/rpc/v1/session").json()["user"]["id"] == "alice"
        assert alice.get(f"{APPS}/zoo").json()["app"]["id"] == "zoo"
        assert mallory.get(f"{APPS}/zoo").status_code in (403, 404)
        made = alice.post(APPS, json={"apps": [{"id": "by-proxy"}]})
        assert made.status_code == 200
        assert "set-cookie" not in made.headers
        key = {"authorization": f"Key {house.world.tokens['alice']}"}
        assert mallory.get(f"{APPS}/zoo", headers=key).status_code in (403, 404)


@pytest.mark.parametrize(
    "changed",
    [
        {CSRF_HEADER: ""},
        {CSRF_HEADER: "0" * 64},
        {"origin": EVIL},
        {"origin": "null"},
        {"origin": "", "sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site"},
    ],
)
def test_a_write_that_no_page_of_ours_makes_is_refused(house: House, changed: dict[str, str]) -> None:
    with house.signed_in("alice") as browser:
        answer = browser.post(APPS, json={"apps": [{"id": "forged"}]}, headers=changed)
        assert answer.status_code == 403, answer.text
        assert browser.get(f"{APPS}/forged").status_code == 404


def test_reads_are_for_our_pages_and_their_owner(house: House) -> None:
    with house.signed_in("alice") as browser:
        assert browser.get("/rpc/v1/session", headers={"sec-fetch-site": "cross-site"}).status_code == 403
        assert browser.get("/rpc/v1/session", headers={"sec-fetch-site": "none"}).status_code == 200
    with house.browser() as nobody:
        assert nobody.get("/rpc/v1/session").status_code == 401


@pytest.mark.parametrize(
    "path",
    [
        *(
            "metrics",
            "docs",
            "v3/x",
            "healthz",
            "http://evil.example/v2/x",
            "v2/../metrics",
            "v2/%2e%2e/metrics",
        ),
        *("v2//metrics", "%76%32/x", "media/..%5c..%5cx", "v2/..;/x/../../metrics"),
    ],
)
def test_only_the_addresses_of_the_api_are_open(house: House, path: str) -> None:
    with house.signed_in("alice") as browser:
        status, body = raw_get(house, f"/rpc/{path}", browser.cookies[COOKIE])
    assert status == 404, body
    assert "not an address of the API" in body


def raw_get(house: House, path: str, session: str) -> tuple[int, str]:
    """As a client that does not tidy addresses sends it."""
    host, _, port = house.settings.portal.partition(":")
    with socket.create_connection((host, int(port)), timeout=10) as wire:
        lines = (f"GET {path} HTTP/1.1", f"host: {host}:{port}", f"cookie: {COOKIE}={session}")
        wire.sendall("\r\n".join([*lines, "connection: close", "", ""]).encode())
        answer = b"".join(iter(lambda: wire.recv(65536), b""))
    return int(answer.split(b" ", 2)[1]), answer.decode()


def test_a_body_is_bounded_whether_or_not_it_says_its_length(house: House) -> None:
    with house.signed_in("alice") as browser:
        long = browser.post(APPS, content=b"x" * (LIMIT + 1))
        chunked = browser.post(APPS, content=iter([b"x" * LIMIT, b"x" * LIMIT]))
    assert long.status_code == 413
    assert chunked.status_code == 413


def test_what_strangers_send_to_the_forms_is_bounded_likewise(house: House) -> None:
    with house.browser() as browser:
        for path in ("/signin", "/signin/link", "/signin/forgot"):
            assert browser.post(path, content=b"x" * (LONGEST + 1)).status_code == 413
            assert browser.post(path, content=iter([b"x" * LONGEST] * 2)).status_code == 413
            assert browser.post(path, content=b"[]").status_code == 400


def test_the_root_of_the_api_leads_browsers_to_the_portal_and_programs_nowhere(house: House) -> None:
    with httpx2.Client(trust_env=False) as http:
        page = http.get(house.api, headers={"accept": "text/html,*/*;q=0.8"})
        program = http.get(house.api, headers={"accept": "application/json"})
    assert (page.status_code, page.headers["location"]) == (307, house.url)
    assert program.status_code == 404
    assert program.json()["status"]["description"]


def test_a_socket_is_for_the_page_and_the_session_that_it_was_made_for(house: House) -> None:
    with house.signed_in("alice") as alice, house.signed_in("mallory") as mallory:
        page = alice.get("/").text
        client = re.search(r"client_id\W+([0-9a-f-]{36})", page)
        assert client
        address = f"/_nicegui_ws/socket.io/?EIO=4&transport=polling&client_id={client[1]}"
        assert alice.get(address).status_code == 200
        assert alice.get(address, headers={"sec-fetch-site": "cross-site"}).status_code == 403
        assert alice.post(address, headers={"origin": EVIL}).status_code == 403
        assert mallory.get(address).status_code == 403
    with house.browser() as nobody:
        assert nobody.get(address).status_code == 403


def test_uploads_are_shown_as_if_from_nowhere_and_to_whom_they_belong(house: House) -> None:
    drawing = b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'
    text = {"raw": drawing.decode()}
    with house.signed_in("alice") as alice, house.signed_in("mallory") as mallory:
        made = alice.post(f"{APPS}/zoo/inputs", json={"inputs": [{"id": "drawing", "data": {"text": text}}]})
        assert made.status_code == 200, made.text
        shown = alice.get(f"{APPS}/zoo/inputs/drawing").json()["input"]["data"]["text"]
        path = "/rpc" + shown["url"][shown["url"].index("/media/") :]
        answer = alice.get(path)
        assert answer.content == drawing
        assert "sandbox" in answer.headers["content-security-policy"]
        assert answer.headers["content-disposition"] == "attachment"
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert mallory.get(path).status_code in (403, 404)


def test_nothing_but_the_portal_imports_its_framework() -> None:
    """It takes seconds to import, which neither commands nor the API have to wait for."""
    source = Path(bowerbird.__file__).parent
    users = {p.relative_to(source).parts[0] for p in source.rglob("*.py") if "nicegui" in p.read_text()}
    assert users == {"portal"}
