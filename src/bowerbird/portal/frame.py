"""What every page stands in: its head, the shell around it, and our Vue files as parts of it."""

from collections.abc import Mapping
from dataclasses import asdict
from html import escape
from pathlib import Path

from nicegui import ui
from nicegui.dependencies import register_importmap_override, register_vue_component
from nicegui.element import Element
from starlette.requests import Request

from bowerbird.portal.browser import Browser, browser
from bowerbird.portal.cookies import csrf_of, session_of
from bowerbird.portal.pages import PAGES
from bowerbird.portal.visits import FIRST, Visit

# The modes of an app in the order of the sidebar, each with the key that goes there after `g`. One is shown
# when a page has its address.
MODES: Mapping[str, tuple[str, str]] = {
    "overview": ("Overview", "o"),
    "collectors": ("Collectors", "c"),
    "explorer": ("Explorer", "e"),
    "label": ("Label", "l"),
    "concepts": ("Concepts", "n"),
    "models": ("Models", "m"),
    "workflows": ("Workflows", "w"),
    "settings": ("Settings", "s"),
}
IN_APP = "/u/{user}/{app}"
Value = object  # what JSON can hold


class Island(Element):
    """A Vue file of ours in a page: `src` is its path under components/, `data` its properties."""

    def __init__(self, src: str, **data: Value) -> None:
        super().__init__()
        self._props["src"] = src
        self._props["data"] = data


def prepare(files: Browser) -> None:
    """Let the browser know our modules, by the names that they import each other by."""
    register_importmap_override("bowerbird/", files.base)
    # NiceGUI names files by their time of change, which installers set as they like; content says more.
    content = float(int(files.version[:12], 16))
    Island.component = register_vue_component(Path(__file__).parent / "island.js", max_time=content)


def view(visit: Visit, src: str, **data: Value) -> Island:
    """Show a Vue file as the page. It is given `me`, `user`, `app` and `query` beside what is said here."""
    _preload(src)
    given = {"me": asdict(visit.me), "user": visit.user, "app": visit.app, "query": visit.query}
    return Island(src, **{**given, **data})


def modes() -> list[str]:
    """The modes that have a page."""
    return [mode for mode in MODES if (IN_APP if mode == FIRST else f"{IN_APP}/{mode}") in PAGES]


def shell(visit: Visit, title: str) -> Island:
    """The header and the sidebar; the page is made inside of it."""
    _preload("shell.vue")
    shown = [{"id": mode, "name": MODES[mode][0], "key": MODES[mode][1]} for mode in modes()]
    return Island(
        "shell.vue",
        me=asdict(visit.me),
        user=visit.user,
        app=visit.app,
        mode=visit.mode,
        modes=shown if visit.app else [],
        title=title,
    )


def head(request: Request, title: str) -> None:
    """What the browser must know before it draws the page."""
    files, nonce = browser(), request.state.nonce
    # Quasar's page is a <main> around the header and all; the one of the shell says more.
    ui.context.client.page_container.default_slot.children[0].tag = "div"
    ui.add_head_html(
        f'<meta name="bowerbird-csrf" content="{csrf_of(session_of(request))}">'
        f'<script src="{files.base}theme.js" nonce="{nonce}"></script>'
        f'<link rel="stylesheet" href="{files.base}base.css">'
    )
    ui.page_title(f"{title} · Bowerbird")


def words(what: str, why: str, now: str, action: Mapping[str, str]) -> Island:
    """A page that says what is wrong, why, and what to do; the action has `text` and `href`."""
    _preload("wrong.vue")
    return Island("wrong.vue", what=what, why=why, now=now, action=dict(action))


def _preload(src: str) -> None:
    files = browser()
    links = (f'<link rel="modulepreload" href="{escape(files.base + name)}">' for name in files.needed(src))
    ui.add_head_html("".join(links))
