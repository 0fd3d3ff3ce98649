"""A card in each of its states, as pictures: the bot's own cards, brought there by what their videos meet with."""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sandbox.demo.screenshot import opened
from sandbox.demo.watch import until
from sandbox.server import Fault
from sandbox.site.youtube import Case
from sandbox.worlds import Worlds

if TYPE_CHECKING:
    from playwright.async_api import Page as Tab

Json = dict[str, Any]

CHANNEL = "audit-process"
SIGNS = {
    "complete": "✅ **Complete**",
    "error": "❌ **Failed**",
    "retrying": "⏳",
    "running": "▰▰▰",
    "waiting": "**Waiting**",
    "cancelled": "❌ **Cancelled**",
}
"""What a card says in each state, and in no other."""
SLOW = 12_000.0
"""Bytes a second of a site at which a download lasts as long as the pictures."""
WITHIN_S = 90.0


async def take(worlds: Worlds, url: str, folder: Path) -> None:
    """Save `<state>.png` for each state into a folder. The bot has one worker, so that a second video waits.

    Raises:
        FileNotFoundError: there is no Chromium.
        TimeoutError: a card does not come to its state.
    """
    async with opened(url, scale=2) as tab:
        studio = Studio(worlds, tab, folder)
        await studio.picture("complete", studio.post("Inaugural Address, 20 January 1961"))
        await studio.picture("error", studio.post("A video that is no more", case="removed"))

        worlds.site.faults.append(broken := Fault("GET", "/clips/", 503, times=1_000))
        await studio.picture("retrying", studio.post("We choose to go to the Moon"))
        worlds.site.faults.remove(broken)

        worlds.site.bytes_per_second = SLOW
        await studio.picture("running", slow := studio.post("Ich bin ein Berliner"))
        await studio.picture("waiting", studio.post("A strategy of peace"))
        await studio.cancel(slow)
        await studio.picture("cancelled", slow)


@dataclass(slots=True)
class Studio:
    """Posts videos, and takes pictures of their cards."""

    worlds: Worlds
    tab: "Tab"
    folder: Path
    posted: int = field(default=0, init=False)

    def post(self, title: str, case: Case = "ok") -> str:
        """Post a YouTube video that nobody has posted before; return the message's id."""
        self.posted += 1
        video = self.worlds.site.add_youtube(f"cardvideo{self.posted:02}", title=title, case=case)
        return str(self.worlds.discord.post(CHANNEL, f"https://youtu.be/{video.id}")["id"])

    async def picture(self, state: str, message_id: str) -> None:
        """Save a picture of a message's card once it says that it is in this state."""
        await self._wait(state, lambda: SIGNS[state] in _said(self._card(message_id)))
        card = self.tab.locator(f"[id='{self._card(message_id)['id']}']")
        words = SIGNS[state].replace("*", "")
        await card.locator(".embed").filter(has_text=words).wait_for()
        await card.screenshot(path=self.folder / f"{state}.png")

    async def cancel(self, message_id: str) -> None:
        """Press a card's Cancel, as the poster; put the answer away."""
        card_id = self._card(message_id)["id"]
        await self.tab.locator(f"[id='{card_id}']").get_by_role("button", name="Cancel").click()
        await self.tab.get_by_role("button", name="Dismiss message").click()

    async def _wait(self, state: str, condition: Callable[[], bool]) -> None:
        try:
            await until(self.worlds, condition, WITHIN_S)
        except TimeoutError:
            raise TimeoutError(f"No card is {state} after {WITHIN_S:.0f} s.") from None

    def _card(self, message_id: str) -> Json:
        """Return the message that is a video's card, or nothing."""
        for other in self.worlds.discord.messages(CHANNEL):
            if (other.get("message_reference") or {}).get("message_id") == message_id:
                return other
        return {}


def _said(card: Json) -> str:
    return "".join(embed.get("description", "") for embed in card.get("embeds", ()))
