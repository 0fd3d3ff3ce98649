"""The four worlds together, and the settings that lead a bot to them."""

import asyncio
from pathlib import Path
from typing import Self

from sandbox import model
from sandbox.discord.world import DiscordWorld
from sandbox.drive.world import DriveWorld
from sandbox.notion.world import NotionWorld
from sandbox.server import World
from sandbox.site.world import SiteWorld


class Worlds:
    """Discord, Notion, Drive and a video site; `folder` takes what they keep on disk, `clips` the site's videos."""

    def __init__(self, folder: Path, clips: Path | None = None) -> None:
        self.folder = folder
        self.clips = clips or folder / "clips"
        self._model = folder / "tiny.en"
        self.discord = DiscordWorld()
        self.notion = NotionWorld()
        self.drive = DriveWorld()
        self.site = SiteWorld(self.clips)
        self.audit_database = self.notion.audit_database()
        self.videos_database = self.notion.videos_database()
        self.uploads_database = self.notion.drive_uploads_database()

    @property
    def all(self) -> tuple[World, ...]:
        return self.discord, self.notion, self.drive, self.site

    @property
    def checked(self) -> int:
        """How many exchanges were held against the services' official descriptions."""
        return sum(world.checked for world in self.all)

    @property
    def violations(self) -> list[str]:
        return [f"{world.name}: {violation}" for world in self.all for violation in world.violations]

    async def __aenter__(self) -> Self:
        for folder in (self.folder, self.clips):
            folder.mkdir(parents=True, exist_ok=True)
        await asyncio.gather(*(world.start() for world in self.all))
        self.drive.write_token_file(self.folder / "google-token.json")
        if not self._model.exists():  # a model is called by its folder's name
            self._model.symlink_to(model.tiny_en())
        return self

    async def __aexit__(self, *_: object) -> None:
        await asyncio.gather(*(world.stop() for world in self.all))

    def settings(self) -> dict[str, str]:
        """Return the settings by their names in the environment."""
        return {
            "DISCORD_TOKEN": self.discord.token,
            "DISCORD_API_URL": self.discord.api_url,
            "DISCORD_GATEWAY_URL": self.discord.gateway_url,
            "NOTION_TOKEN": self.notion.token,
            "NOTION_API_URL": self.notion.url,
            "DISCORD_MESSAGE_DB_ID": self.audit_database,
            "VIDEOS_DB_ID": self.videos_database,
            "DRIVE_UPLOADS_DB_ID": self.uploads_database,
            "DRIVE_API_URL": self.drive.url,
            "GOOGLE_TOKEN_FILE": str(self.folder / "google-token.json"),
            "ALLOW_PRIVATE_HOSTS": f"{self.site.address},{self.discord.address}",
            "DATA_DIR": str(self.folder / "data"),
            "WHISPER_MODEL": str(self._model),
        }

    def environment(self) -> dict[str, str]:
        """Return what else the bot's yt-dlp child needs: the plugin that answers for YouTube."""
        return self.site.child_env
