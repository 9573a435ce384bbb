"""`tap(...)`: what a host program holds."""

from __future__ import annotations

import functools
import hashlib
import inspect
import os
import re
import tempfile
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, TypeVar, cast, overload
from urllib.parse import quote, urlsplit

from bowerbird_tap import leaving
from bowerbird_tap.engine import Engine
from bowerbird_tap.limits import Limits
from bowerbird_tap.poster import Poster
from bowerbird_tap.raw import Raw
from bowerbird_tap.shapes import Input, Output, prediction
from bowerbird_tap.stats import Stats

# Any: the decorated function's own parameters and result, which are passed through untouched.
Predict = TypeVar("Predict", bound=Callable[..., Any])
_PART = re.compile(r"[A-Za-z0-9._-]+")
_DEFAULT_LIMITS = Limits()


class Tap:
    """Call it with each prediction: it neither raises nor waits, whatever becomes of the server."""

    def __init__(
        self,
        model: str,
        *,
        url: str,
        key: str,
        spool: str | os.PathLike[str] | None = "auto",
        limits: Limits = _DEFAULT_LIMITS,
    ) -> None:
        user, app, name, version = _address(model)
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ValueError(f"url is http(s)://HOST[:PORT], not {url!r}")
        path = "/v1/users/{}/apps/{}/models/{}/predictions".format(*map(quote, (user, app, name)))
        self._root = _spool_folder(spool, f"{user}/{app}/{name}", url)
        self._limits = limits
        self._poster = functools.partial(Poster, parts, path, key.strip(), limits)
        self._write = functools.partial(prediction, version=version)
        self._engine = self._made()
        leaving.enter(self)
        self._take_over()

    def __call__(
        self,
        input: Input,
        output: Output,
        metadata: Mapping[str, object] | None = None,
        request_id: str = "",
        caller: str = "",
    ) -> None:
        """Hand over one prediction. A repeat under the same request id is collected once.

        `input`: a text, the bytes of an image, or a mapping with `text`, with `image`, `audio`, `video`
        (bytes), with one of their `..._url`, or V2 Data. `output`: a mapping with `concepts` ({id: value} or
        a list), V2 Data, or a list of concepts.
        """
        try:
            item = Raw(input, output, metadata, request_id, caller)
        except Exception:  # the host's own call must not fail for it
            self._engine.refuse("invalid")
            return
        with suppress(RuntimeError):  # no thread could be started just now; the item waits for a later call's
            self._engine.offer(item)

    @overload
    def wrap(self, predict: Predict) -> Predict: ...
    @overload
    def wrap(
        self, *, input: Callable[..., Input] | None = None, output: Callable[[Any], Output] | None = None
    ) -> Callable[[Predict], Predict]: ...
    def wrap(
        self,
        predict: Predict | None = None,
        *,
        input: Callable[..., Input] | None = None,
        output: Callable[[Any], Output] | None = None,  # Any: whatever the function returns
    ) -> Predict | Callable[[Predict], Predict]:
        """Hand over what a predict function, plain or async, takes and returns.

        `input` makes the tap's input of the function's arguments (by itself: the first one), `output` the
        tap's output of its result (by itself: the result). Calls that raise are not handed over.
        """
        given = input or _first
        returned = output or _same
        if predict is None:
            return lambda function: self._wrapped(function, given, returned)
        return self._wrapped(predict, given, returned)

    def flush(self, timeout: float = 10.0) -> bool:
        """Wait until the server has everything, what is on disk included. False if the seconds ran out."""
        try:
            return self._engine.flush(timeout)
        except RuntimeError:
            return False

    def close(self, timeout: float | None = None) -> None:
        """Send what memory holds within so many seconds; the rest stays on disk for the next start."""
        self.begin_close(timeout)
        self.end_close()

    def stats(self) -> Stats:
        return self._engine.stats()

    def begin_close(self, timeout: float | None = None) -> None:
        self._engine.begin_close(self._limits.exit_seconds if timeout is None else timeout)

    def end_close(self) -> None:
        leaving.leave(self)
        self._engine.end_close()

    def after_fork(self) -> None:
        """What the parent's memory holds is the parent's to send."""
        self._engine.forget()
        self._engine = self._made()

    def _made(self) -> Engine:
        return Engine(self._poster, self._write, self._root, self._limits)

    def _take_over(self) -> None:
        """Start at once if an earlier process may have left something; else with the first call."""
        with suppress(OSError, RuntimeError):
            if self._root and any(self._root.iterdir()):
                self._engine.start()

    def _wrapped(
        self, predict: Predict, given: Callable[..., Input], returned: Callable[[Any], Output]
    ) -> Predict:
        def hand_over(result: object, *args: object, **kwargs: object) -> None:
            try:
                taken, answered = given(*args, **kwargs), returned(result)
            except Exception:  # the host's own call must not fail for it
                self._engine.refuse("invalid")
            else:
                self(taken, answered)

        if inspect.iscoroutinefunction(predict):

            @functools.wraps(predict)
            async def answer_later(*args: object, **kwargs: object) -> object:
                result: object = await predict(*args, **kwargs)
                hand_over(result, *args, **kwargs)
                return result

            return cast("Predict", answer_later)

        @functools.wraps(predict)
        def answer(*args: object, **kwargs: object) -> object:
            result: object = predict(*args, **kwargs)
            hand_over(result, *args, **kwargs)
            return result

        return cast("Predict", answer)


def tap(
    model: str,
    *,
    url: str,
    key: str,
    spool: str | os.PathLike[str] | None = "auto",
    limits: Limits = _DEFAULT_LIMITS,
) -> Tap:
    """A tap for `USER/APP/MODEL` or `USER/APP/MODEL/VERSION` of the server at `url`.

    `spool` is the folder for what the server cannot take yet: by itself one in the user's state folder;
    None for none. Raises ValueError when `model` or `url` is not well formed: such a mistake should show at
    the start.
    """
    return Tap(model, url=url, key=key, spool=spool, limits=limits)


def _address(model: str) -> tuple[str, str, str, str]:
    parts = model.split("/")
    if len(parts) not in (3, 4) or not all(map(_PART.fullmatch, parts)):
        raise ValueError(f"model is USER/APP/MODEL or USER/APP/MODEL/VERSION, not {model!r}")
    user, app, name, version = [*parts, ""][:4]
    return user, app, name, version


def _spool_folder(spool: str | os.PathLike[str] | None, model: str, url: str) -> Path | None:
    """Each server and model has its own: a corrected address does not inherit what was meant for another."""
    if spool is None:
        return None
    if spool == "auto":
        spool = _state_folder() / "bowerbird-tap"
    digest = hashlib.sha256(f"{url.rstrip('/')}\n{model}".encode()).hexdigest()[:12]
    return Path(spool) / f"{model.replace('/', '-')}-{digest}"


def _state_folder() -> Path:
    named = os.environ.get("XDG_STATE_HOME")
    try:
        return Path(named) if named else Path.home() / ".local" / "state"
    except RuntimeError:  # a user without a home
        return Path(tempfile.gettempdir())


def _first(*args: object, **kwargs: object) -> Input:
    return cast("Input", args[0] if args else next(iter(kwargs.values())))


def _same(result: object) -> Output:
    return cast("Output", result)
