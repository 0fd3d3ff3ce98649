"""What a page of the sandbox's Notion shows below its properties."""

from sandbox.notion.world import NotionWorld

Text = tuple[str, str | None]
"""Words, and where they lead."""


def toggles(world: NotionWorld, page_id: str) -> list[tuple[str, list[Text]]]:
    """Return each toggle's title, without its key, and the texts in it."""
    blocks = [block for block in world.workspace.children(page_id) if block.type == "toggle"]
    return [
        (
            block.content["rich_text"][0]["plain_text"].strip(),
            [
                (text["plain_text"], (text["text"].get("link") or {}).get("url"))
                for child in world.workspace.children(block.id)
                for text in child.content["rich_text"]
            ],
        )
        for block in blocks
    ]


def words(texts: list[Text]) -> str:
    return "".join(text for text, _ in texts)
