"""NiceGUI's page, whose own scripts carry the nonce of the answer, so that no other inline script runs."""

from collections.abc import Callable

from jinja2 import BaseLoader, Environment
from nicegui import client

MARK = 'nonce="{{ request.state.nonce }}"'


class Nonced(BaseLoader):
    """Templates as on disk, with the mark in their script tags: what is filled in later gets none."""

    def __init__(self, inner: BaseLoader) -> None:
        self._inner = inner

    def get_source(
        self, environment: Environment, template: str
    ) -> tuple[str, str | None, Callable[[], bool] | None]:
        source, path, is_fresh = self._inner.get_source(environment, template)
        return source.replace("<script", f"<script {MARK}"), path, is_fresh


def use_nonces() -> None:
    environment = client.templates.env
    inner = environment.loader
    if inner is None or isinstance(inner, Nonced):
        return
    environment.loader = Nonced(inner)
    if environment.cache is not None:
        environment.cache.clear()
