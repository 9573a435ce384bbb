"""The pages: a module here with functions marked `@page` is found by itself."""

import importlib
import pkgutil
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from bowerbird.portal.visits import Visit

Build = Callable[[Visit], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Page:
    """What is shown at an address; `{names}` in it are variables, also in the title."""

    path: str
    title: str
    build: Build


PAGES: dict[str, Page] = {}


def page(path: str, *, title: str) -> Callable[[Build], Build]:
    """Show what the function makes at the address. Its session is valid, and its app may be seen."""

    def mark(build: Build) -> Build:
        if path in PAGES:
            raise ValueError(f"{path}: two pages have this address")
        PAGES[path] = Page(path, title, build)
        return build

    return mark


def found() -> list[Page]:
    """All pages, those with fewer variables first, as a router looks for them."""
    for module in pkgutil.iter_modules(__path__):
        importlib.import_module(f"{__name__}.{module.name}")
    return sorted(PAGES.values(), key=lambda p: (p.path.count(":path"), p.path.count("{"), p.path))
