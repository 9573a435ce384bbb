"""Who may not see something gets nothing of it, whichever page or call they try, and no address is a trap."""

import httpx2
import pytest
from brook import Brook
from house import House
from people import PASSWORD
from showroom import EVIL, Showroom

from bowerbird.portal.pages import found

FORBIDDEN = (403, 404)
SECRET = "nobody-else-may-read-this"
HOSTS = ("//evil.example", "https://evil.example", "/\\evil.example")
TRAPS = (*HOSTS, "javascript:hacked=1", "/\r\nset-cookie: x=1")
MARKUP = EVIL[:3]  # the others harm only where they are made an address or a template
READS = ("inputs", "concepts", "models", "collectors", "workflows", "annotations", "keys", "collaborators")


@pytest.fixture(scope="module")
def brook(house: House) -> Brook:
    """An app of alice's with a collector, in which bob may look at concepts, and mallory at nothing."""
    made = Brook(house, "guarded")
    made.collect("kept", description=SECRET, pre_queue_random_sample=1.0)
    made.predict(f"cat=0.9 | {SECRET}", request_id="guarded")
    assert made.posted() == 1
    made.share("bob", ["Concepts:Get"])
    return made


def pages_of(app: str) -> list[str]:
    """The address of each page of an app."""
    values = {"user": "alice", "app": app, "id": "kept", "input": "any"}
    return [page.path.format(**values) for page in found() if page.path.startswith("/u/{user}/{app}")]


def test_a_stranger_gets_no_page_and_no_answer_about_an_app(house: House, brook: Brook) -> None:
    with house.signed_in("mallory") as mallory:
        for path in pages_of("guarded"):
            answer = mallory.get(path)
            assert answer.status_code in FORBIDDEN, path
            assert SECRET not in answer.text
            missing = mallory.get(path.replace("guarded", "not-there"))
            assert missing.status_code == answer.status_code, path  # it does not even tell that it is there
        for what in READS:
            answer = mallory.get(f"/rpc/v2/users/alice/apps/guarded/{what}")
            assert answer.status_code in FORBIDDEN, what
            assert SECRET not in answer.text
        assert mallory.delete("/rpc/v2/users/alice/apps/guarded").status_code in FORBIDDEN
        for page in found():
            if page.path.startswith("/admin"):
                assert mallory.get(page.path).status_code in FORBIDDEN, page.path
        assert mallory.get("/rpc/v1/users").status_code in FORBIDDEN


def test_a_collaborator_gets_what_the_scopes_allow_and_nothing_else(house: House, brook: Brook) -> None:
    app = "/rpc/v2/users/alice/apps/guarded"
    with house.signed_in("bob") as bob:
        assert bob.get("/u/alice/guarded/concepts").status_code == 200
        assert bob.get(f"{app}/concepts").status_code == 200
        for path in pages_of("guarded"):
            assert SECRET not in bob.get(path).text, path
        for what in ("inputs", "collectors", "keys"):
            assert bob.get(f"{app}/{what}").status_code == 403, what
        writes = (
            ("POST", "/concepts", {"concepts": [{"id": "mine"}]}),
            ("POST", "/inputs", {"inputs": [{"data": {"text": {"raw": "mine"}}}]}),
            ("PATCH", "/collectors", {"action": "overwrite", "collectors": [{"id": "kept"}]}),
            ("DELETE", "/collectors", {"ids": ["kept"]}),
            ("DELETE", "", {}),
            ("POST", "/collaborators", {"collaborators": [{"user": {"id": "bob"}, "scopes": ["All"]}]}),
        )
        for verb, path, body in writes:
            answer = bob.request(verb, f"{app}{path}", json=body)
            assert answer.status_code in FORBIDDEN, (verb, path, answer.text)


def test_what_stands_in_an_address_is_not_repeated_as_a_page(house: House, showroom: Showroom) -> None:
    with house.signed_in("alice") as alice:
        for path in ("/u/alice/", "/nowhere/", f"{showroom.page}/collectors/"):
            for evil in MARKUP:
                assert evil not in alice.get(path + evil.replace("/", "%2F")).text, path
        for address in showroom.addresses():
            told = alice.get(address, params={"q": " ".join(EVIL), "i": EVIL[0]}).text
            assert [evil for evil in MARKUP if evil in told] == [], address
    with house.browser() as nobody:
        for evil in MARKUP:
            assert evil not in nobody.get("/signin", params={"next": f"/{evil}", "token": evil}).text
            assert evil not in nobody.get("/signin/link", params={"token": evil}).text


def test_signing_in_never_leads_to_another_host(house: House) -> None:
    with house.signed_in("alice") as alice:
        for trap in TRAPS:
            led = alice.get("/signin", params={"next": trap})
            assert _is_own(house, led.headers.get("location", "/")), trap
            again = alice.post("/signin", json={"login": "alice", "password": PASSWORD, "next": trap})
            assert _is_own(house, again.json()["next"]), trap
            assert "x" not in again.cookies


def _is_own(house: House, address: str) -> bool:
    """Whether a browser that is led there stays in the portal."""
    portal = httpx2.URL(house.url)
    return portal.join(address).netloc == portal.netloc and not address.startswith(HOSTS)


def test_no_page_can_be_framed_by_others(house: House, showroom: Showroom) -> None:
    with house.signed_in("alice") as alice:
        for address in [*showroom.addresses(), "/signin", "/u/alice/not-there", "/u/mallory/nothing"]:
            headers = alice.get(address).headers
            assert headers["x-frame-options"] == "DENY", address
            assert "frame-ancestors 'none'" in headers["content-security-policy"], address
            assert "form-action 'self'" in headers["content-security-policy"], address
            assert headers["cache-control"].startswith(("no-store", "private", "no-cache")), address
