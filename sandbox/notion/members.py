"""Who is in the workspace, and what its plan allows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sandbox.notion.errors import Refusal

BOT = "b0700000-0000-4000-8000-000000000001"
PERSON = "b0700000-0000-4000-8000-000000000002"
WORKSPACE = "b0700000-0000-4000-8000-000000000003"
MIB = 2**20


@dataclass(slots=True)
class Plan:
    """A free workspace, until something is changed."""

    is_free: bool = True
    blocks_used_up: bool = False
    """True: several members have used up their 1,000 blocks for life, and the three days of grace are over."""

    @property
    def max_file_bytes(self) -> int:
        """5 MiB a file, or 5 GiB (developers.notion.com/guides/data-apis/working-with-files-and-media)."""
        return 5 * MIB if self.is_free else 5 * 2**10 * MIB

    def let_create_blocks(self) -> None:
        """Refuse new blocks, pages among them, as developers.notion.com/reference/workspace-block-limits says."""
        if self.is_free and self.blocks_used_up:
            raise Refusal(
                403,
                "restricted_resource",
                "This workspace has used all of its free blocks. Upgrade its plan in Notion to create more content. "
                "Learn more: https://www.notion.com/help/understanding-block-usage",
                additional_data={"block_limit": "block_creation"},
            )

    def users(self) -> dict[str, dict[str, Any]]:
        """Return the users by id: the connection's own, which tells the plan's limits, and one person."""
        return {
            BOT: {
                "object": "user",
                "id": BOT,
                "name": "Connection",
                "avatar_url": None,
                "type": "bot",
                "bot": {
                    "owner": {"type": "workspace", "workspace": True},
                    "workspace_id": WORKSPACE,
                    "workspace_limits": {"max_file_upload_size_in_bytes": self.max_file_bytes},
                    "workspace_name": "Sandbox",
                },
            },
            PERSON: {
                "object": "user",
                "id": PERSON,
                "name": "Ada",
                "avatar_url": None,
                "type": "person",
                "person": {"email": "ada@example.com"},
            },
        }
