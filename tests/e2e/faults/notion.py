"""Notion's faults."""

from collections.abc import AsyncGenerator
from email.utils import formatdate
from functools import partial
from time import time
from typing import Any

from sandbox.discord.objects import Json
from sandbox.notion.columns import Column
from tests.e2e.faults.scene import STATUS, Scenario, Scene

Acting = AsyncGenerator[Json, None]


def column(scene: Scene, name: str) -> Column:
    [source] = scene.worlds.notion.workspace.database(scene.worlds.audit_database).sources
    found = source.column(name)
    assert found is not None
    return found


async def renamed(scene: Scene, name: str) -> Acting:
    changed = column(scene, name)
    changed.name = "Something else"
    message = scene.post()
    yield message
    yield message
    changed.name = name


async def mistyped(scene: Scene) -> Acting:
    changed = column(scene, "Lenght min")
    changed.type, config, changed.config = "rich_text", changed.config, {}
    notion = scene.worlds.notion
    pages = [notion.workspace.page(page_id) for page_id in notion.pages(scene.worlds.audit_database)]
    kept = [page.values.pop(changed.id, None) for page in pages]
    message = scene.post()
    yield message
    yield message
    changed.type, changed.config = "number", config
    for page, value in zip(pages, kept, strict=True):
        page.values[changed.id] = value


async def token_revoked(scene: Scene) -> Acting:
    gate = scene.worlds.notion.gate
    token, gate.token = gate.token, "another"
    yield scene.post()
    gate.token = token


async def access_lost(scene: Scene) -> Acting:
    for method in ("GET", "POST", "PATCH"):
        scene.notion_says(
            404, method, "^/v1/(databases|data_sources|pages|blocks)", code="object_not_found", times=10_000
        )
    yield scene.post()
    scene.worlds.notion.faults.clear()


async def page_deleted(scene: Scene) -> Acting:
    """Between two tries of the last update."""
    scene.notion_says(503, "GET", "^/v1/blocks/.*/children$")
    message = scene.post()
    yield message
    [page] = [
        page
        for page in scene.worlds.notion.pages(scene.worlds.audit_database)
        if scene.worlds.notion.page_values(page)["Message ID"] == message["id"]
    ]
    scene.worlds.notion.trash(page)
    scene.forward()


async def says(scene: Scene, status: int, wait_s: float = 46.0, **more: Any) -> Acting:
    """Let the last update of the page fail once, and wait so many seconds, on the loop's clock, for the next try."""
    fault = scene.notion_says(status, **more)
    yield scene.post()
    scene.forward(wait_s)
    await scene.until(lambda: fault.times == 0)


async def until_a_date(scene: Scene) -> Acting:
    now = time()
    dates = {"Date": formatdate(now, usegmt=True), "Retry-After": formatdate(now + 20, usegmt=True)}
    async for message in says(scene, 429, headers=dates):
        yield message


async def silent(scene: Scene, *, is_written: bool) -> Acting:
    scene.fault(scene.worlds.notion, "PATCH", "^/v1/pages/", delay=40.0, before=not is_written)
    asked = len(scene.worlds.notion.exchanges)
    message = scene.post()
    await scene.until(lambda: any(one.path.startswith("/v1/pages/") for one in scene.worlds.notion.exchanges[asked:]))
    scene.forward(31)
    yield message
    scene.forward()


async def dropped_after_create(scene: Scene) -> Acting:
    scene.fault(scene.worlds.notion, "POST", "^/v1/pages$", before=False)
    yield scene.post()


SCENARIOS: dict[str, Scenario] = {
    "column-renamed": partial(renamed, name="Lenght min"),
    "column-mistyped": mistyped,
    "status-column-renamed": partial(renamed, name=STATUS),
    "refused": partial(says, status=400, wait_s=0, code="validation_error"),
    "token-revoked": token_revoked,
    "access-lost": access_lost,
    "page-deleted": page_deleted,
    "conflict": partial(says, status=409),
    "429-after-1": partial(says, status=429, wait_s=1, headers={"Retry-After": "1"}),
    "429-after-60": partial(says, status=429, wait_s=61, headers={"Retry-After": "60"}),
    "429-after-300": partial(says, status=429, wait_s=301, headers={"Retry-After": "300"}),
    "429-until-a-date": until_a_date,
    "429-without": partial(says, status=429),
    **{f"notion-{status}": partial(says, status=status) for status in (500, 502, 503, 504, 529)},
    "timeout-before": partial(silent, is_written=False),
    "timeout-after": partial(silent, is_written=True),
    "dropped-after-create": dropped_after_create,
}
