"""What tests in a browser are given, and what a browser must never do."""

from collections.abc import Callable, Sequence

from playwright.sync_api import BrowserContext, ConsoleMessage, Locator, Page, Request, WebError

Enter = Callable[..., Page]  # who, the path, and a password
Picture = Callable[[Page, str], None]


class Watched:
    """What a browser must never do, whichever page it shows: complain, or call another host, which fails."""

    def __init__(self, context: BrowserContext, own: str, expected: Sequence[str] = ()) -> None:
        """`expected` are parts of complaints that a test is about; more may come."""
        self.complaints: list[str] = []
        self._expected = expected
        self._own = own
        self._context = context
        context.on("console", self._on_console)
        context.on("weberror", self._on_error)
        context.on("requestfailed", self._on_failed)

    def stop(self) -> None:
        """Listen no longer."""
        self._context.remove_listener("console", self._on_console)
        self._context.remove_listener("weberror", self._on_error)
        self._context.remove_listener("requestfailed", self._on_failed)

    def _on_console(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            self._complain(_told(message))

    def _on_error(self, error: WebError) -> None:
        self._complain(str(error.error))

    def _on_failed(self, request: Request) -> None:
        if not request.url.startswith((self._own, self._own.replace("http", "ws"), "data:", "blob:")):
            self.complaints.append(f"a request left the host: {request.url}")

    def _complain(self, text: str) -> None:
        if not any(part in text for part in self._expected):
            self.complaints.append(text)


def _told(message: ConsoleMessage) -> str:
    where = message.location.get("url", "")
    return f"{message.text} ({where})" if where else message.text


def drag(page: Page, start: Locator, end: Locator | tuple[float, float]) -> None:
    """By the mouse, in steps, as a hand does it."""
    page.mouse.move(*middle(start))
    page.mouse.down()
    x, y = end if isinstance(end, tuple) else middle(end)
    page.mouse.move(x - 20, y - 10, steps=4)
    page.mouse.move(x, y, steps=2)


def middle(what: Locator) -> tuple[float, float]:
    box = what.bounding_box()
    assert box is not None
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
