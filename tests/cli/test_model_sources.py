"""`models add` for each kind of model: behind an OpenAI-compatible address, a class, with secrets."""

import json
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from click.testing import Result
from typer.testing import CliRunner

from bowerbird.cli import app

Invoke = Callable[..., Any]
SECRET = "sk-hunter2hunter2"
MODULE = """
class Shout:
    def __init__(self, config):
        self.end = config.get("end", "")

    def predict(self, inputs):
        return [text.upper() + self.end for text in inputs]
"""


class Chat(BaseHTTPRequestHandler):
    """A server with one model, for those who know the secret."""

    def do_GET(self) -> None:
        is_known = self.headers["authorization"] == f"Bearer {SECRET}"
        content = json.dumps({"data": [{"id": "parrot"}]}).encode()
        self.send_response(200 if is_known else 401)
        self.send_header("content-length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def chat() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Chat) as server:
        Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/v1"
        server.shutdown()


def keep_secret(name: str, value: str) -> Result:
    return CliRunner().invoke(app, ["secrets", "set", name], input=value)


def test_a_chat_model_is_put_behind_bowerbird_with_a_secret_of_the_host(
    ok: Invoke, answer: Invoke, home: None, chat: str, tmp_path: Path
) -> None:
    assert keep_secret("birds", SECRET + "\n").exit_code == 0
    assert answer("secrets", "list") == ["birds"]
    (tmp_path / "labels.txt").write_text("good\nbad\n")
    words = (
        "models",
        "add",
        "mood",
        "--app",
        "zoo",
        "--openai",
        chat,
        "--model",
        "parrot",
        "--secret",
        "birds",
    )
    added = answer(*words, "--labels", tmp_path / "labels.txt", "--max-tokens", "9", "--prompt", "{text}?")
    assert added["understood"] == {
        "input": {"kind": "text"},
        "output": {"kind": "concepts"},
        "prompt": "{text}?",
        "max_tokens": 9,
        "labels": ["good", "bad"],
    }
    (listed,) = answer("models", "list", "--app", "zoo")
    assert (listed["type"], listed["runtime"]) == ("text-classifier", "openai")
    shown = answer("models", "show", "mood", "--app", "zoo")
    params = shown["model_version"]["import_info"]["params"]
    assert (params["max_tokens"], params["secret"]) == (9, "(hidden)")
    assert SECRET not in json.dumps(shown)
    ok("secrets", "remove", "birds")
    assert answer("secrets", "list") == []


def test_a_secret_that_is_missing_or_wrong_is_told_apart(invoke: Invoke, home: None, chat: str) -> None:
    words = ("models", "add", "parrot", "--app", "zoo", "--openai", chat, "--secret", "birds")
    missing = invoke(*words)
    assert (missing.exit_code, "bowerbird secrets" in missing.output) == (2, True)
    keep_secret("birds", "wrong")
    wrong = invoke(*words)
    assert (wrong.exit_code, "401" in wrong.output) == (2, True)


@pytest.mark.parametrize("value", ["", "two\nlines"])
def test_a_secret_has_one_line(home: None, value: str) -> None:
    assert keep_secret("birds", value).exit_code == 2


def test_a_class_is_added_and_served_by_the_host_that_has_it(
    invoke: Invoke, answer: Invoke, home: None, tmp_path: Path
) -> None:
    (tmp_path / "loud.py").write_text(MODULE)
    (tmp_path / "config.json").write_text('{"end": "!"}')
    words = (
        "models",
        "add",
        "loud",
        "--app",
        "zoo",
        "--path",
        tmp_path,
        "--input",
        "text",
        "--output",
        "text",
    )
    added = answer(*words, "--python", "loud:Shout", "--config", tmp_path / "config.json")
    assert added["understood"]["config"] == {"end": "!"}
    (listed,) = answer("models", "list", "--app", "zoo")
    assert (listed["type"], listed["runtime"]) == ("text-to-text", "python")
    broken = invoke(*words, "--python", "loud:Whisper")
    assert (broken.exit_code, "AttributeError" in broken.output) == (2, True)


def test_one_kind_of_model_has_to_be_said(invoke: Invoke, home: None) -> None:
    for more in ((), ("--python", "a:B", "--url", "http://127.0.0.1:1")):
        result = invoke("models", "add", "x", "--app", "zoo", *more)
        assert (result.exit_code, "--openai" in result.output) == (2, True)
