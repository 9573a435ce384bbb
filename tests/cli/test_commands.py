"""Commands as people type them."""

import json
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

BRIGHTNESS = Path(__file__).parents[2] / "examples" / "brightness.zip"
Invoke = Callable[..., Any]
KEEP = "prediction-score-filter score=max_prob hi=0.8"


def test_a_new_user_gets_a_token_once(ok: Invoke, answer: Invoke) -> None:
    ok("init")
    made = answer("users", "create", "ann", "--email", "ann@example.com")
    assert made["user_id"] == "ann"
    assert made["pat"] not in ok("users", "list")


def test_a_taken_name_is_refused_with_code_2(invoke: Invoke, home: None) -> None:
    result = invoke("users", "create", "ann", "--email", "other@example.com")
    assert result.exit_code == 2
    assert "ann" in result.output


def test_without_an_installation_commands_say_how_to_start(invoke: Invoke) -> None:
    result = invoke("apps", "list")
    assert result.exit_code == 2
    assert "bowerbird init" in result.output


def test_of_several_users_one_has_to_be_named(invoke: Invoke, ok: Invoke, home: None) -> None:
    ok("users", "create", "ben", "--email", "ben@example.com")
    assert invoke("apps", "list").exit_code == 2
    assert "zoo" in ok("apps", "list", "--user", "ann")


def test_keys_are_listed_by_their_handles_and_deleted(ok: Invoke, answer: Invoke, home: None) -> None:
    key = answer("keys", "create", "--app", "zoo", "--scope", "Inputs:Get")["key"]
    (handle,) = [k["handle"] for k in answer("keys", "list") if k["app"] == "zoo"]
    assert key.startswith(handle)
    assert key not in ok("keys", "list")
    ok("keys", "delete", handle)
    assert not [k for k in answer("keys", "list") if k["app"] == "zoo"]


def test_a_collector_is_made_paused_and_resumed(ok: Invoke, answer: Invoke, home: None) -> None:
    ok("models", "add", "lights", "--app", "zoo", "--onnx", BRIGHTNESS)
    ok("workflows", "create", "unsure", "--app", "zoo", "--keep", KEEP)
    ok(
        *("collectors", "create", "hard", "--app", "zoo", "--source", "ann/zoo/lights"),
        *("--pre-queue", "unsure"),
    )
    states = []
    for change in ("pause", "resume"):
        ok("collectors", change, "hard", "--app", "zoo")
        states.append(answer("collectors", "show", "hard", "--app", "zoo")[0]["state"])
    assert states == ["paused", "active"]
    assert answer("collectors", "stats", "hard", "--app", "zoo")["offered"] == 0
    ok("collectors", "delete", "hard", "--app", "zoo")
    assert answer("collectors", "list", "--app", "zoo") == []


def test_a_collector_is_made_in_shadow_and_brought_out_of_it(ok: Invoke, answer: Invoke, home: None) -> None:
    ok("models", "add", "lights", "--app", "zoo", "--onnx", BRIGHTNESS)
    made = answer(
        *("collectors", "create", "some", "--app", "zoo", "--source", "ann/zoo/lights", "--sample", "0.5"),
        *("--shadow", "--priority", "7"),
    )
    assert (made[0]["state"], made[0]["options"]) == ("active", "shadow, priority 7")
    assert answer("collectors", "list", "--app", "zoo")[0]["options"] == "shadow, priority 7"
    assert answer("collectors", "stats", "some", "--app", "zoo")["shadow"]
    assert "in shadow" in ok("collectors", "stats", "some", "--app", "zoo")
    changed = answer("collectors", "options", "some", "--app", "zoo", "--no-shadow", "--no-feedback")
    assert changed == {"shadow": False, "priority": 7, "takes_feedback": False}
    assert answer("collectors", "options", "some", "--app", "zoo") == changed


def test_a_refused_workflow_leaves_no_models(invoke: Invoke, answer: Invoke, home: None) -> None:
    many = [word for _ in range(21) for word in ("--keep", KEEP)]
    assert invoke("workflows", "create", "unsure", "--app", "zoo", *many).exit_code == 2
    assert answer("models", "list", "--app", "zoo") == []


def test_inputs_of_an_empty_app_are_none(ok: Invoke, answer: Invoke, home: None) -> None:
    assert answer("inputs", "list", "--app", "zoo") == []
    assert "No inputs" in ok("inputs", "list", "--app", "zoo")


def test_a_model_is_added_and_added_again_as_a_version(answer: Invoke, home: None) -> None:
    first, second = (answer("models", "add", "lights", "-a", "zoo", "--onnx", BRIGHTNESS) for _ in range(2))
    assert first["version"] != second["version"]
    (listed,) = answer("models", "list", "--app", "zoo")
    assert listed["version"] == second["version"]
    shown = answer("models", "show", "lights", "--app", "zoo")
    assert [c["id"] for c in shown["output_info"]["data"]["concepts"]] == ["dark", "bright"]


def test_a_model_with_the_wrong_number_of_labels_is_refused(
    invoke: Invoke, home: None, tmp_path: Path
) -> None:
    (tmp_path / "bad.zip").write_bytes(b"PK\x05\x06" + bytes(18))
    result = invoke("models", "add", "lights", "--app", "zoo", "--onnx", tmp_path / "bad.zip")
    assert result.exit_code == 2
    assert "model.onnx" in result.output


class Elsewhere(BaseHTTPRequestHandler):
    """A model server: it says what its model takes, if it is given the right header."""

    def do_GET(self) -> None:
        self.send_response(200 if self.headers["x-pass"] == "sesame" else 401)
        body = {
            "name": self.path.rsplit("/", 1)[1],
            "inputs": [{"name": "x", "datatype": "FP32", "shape": [-1, 3, 32, 24]}],
            "outputs": [{"name": "y", "datatype": "FP32", "shape": [-1, 2]}],
        }
        content = json.dumps(body).encode()
        self.send_header("content-length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def elsewhere() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Elsewhere) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def test_a_model_elsewhere_is_put_behind_bowerbird_by_one_command(
    answer: Invoke, home: None, elsewhere: str, tmp_path: Path
) -> None:
    labels = tmp_path / "labels.txt"
    labels.write_text("ant\nbee\n")
    added = answer(
        *("models", "add", "insects", "--app", "zoo", "--url", elsewhere, "--header", "X-Pass: sesame"),
        *("--labels", labels, "--activation", "softmax"),
    )
    given = added["understood"]["input"]
    assert (given["kind"], given["size"], given["layout"]) == ("image", [24, 32], "NCHW")
    (listed,) = answer("models", "list", "--app", "zoo")
    assert (listed["type"], listed["runtime"]) == ("visual-classifier", "open-inference")


def test_secrets_for_another_server_are_not_shown_again(
    ok: Invoke, answer: Invoke, home: None, elsewhere: str, tmp_path: Path
) -> None:
    (tmp_path / "labels.txt").write_text("ant\nbee\n")
    more = ("--header", "X-Pass: sesame", "--labels", tmp_path / "labels.txt")
    ok("models", "add", "insects", "--app", "zoo", "--url", elsewhere, *more)
    assert "sesame" not in json.dumps(answer("models", "show", "insects", "--app", "zoo"))


def test_a_server_that_refuses_is_named(invoke: Invoke, home: None, elsewhere: str) -> None:
    result = invoke("models", "add", "insects", "--app", "zoo", "--url", elsewhere)
    assert result.exit_code == 1
    assert "401" in result.output


def test_an_app_has_a_key_for_its_webhooks(answer: Invoke, invoke: Invoke, home: None) -> None:
    answer("apps", "create", "hooked")
    answer("apps", "create", "other")
    key = answer("apps", "webhook-key", "hooked")["key"]
    assert len(key) == 64
    assert answer("apps", "webhook-key", "hooked")["key"] == key
    assert answer("apps", "webhook-key", "other")["key"] != key
    assert invoke("apps", "webhook-key", "no").exit_code != 0
