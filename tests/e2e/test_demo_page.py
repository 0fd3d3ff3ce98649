"""The demo's page in a real browser: what a person sees and does there reaches the bot, and nothing else happens."""

import re
import time
import warnings
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from playwright.async_api import Page as Tab
from playwright.async_api import async_playwright, expect

from sandbox.demo import sample, states
from sandbox.demo.page import Page
from sandbox.demo.screenshot import FLAGS, INSTALL, find_chromium
from sandbox.discord.permissions import Permission
from sandbox.worlds import Worlds
from tests.e2e.conftest import StartBot

Json = dict[str, Any]
AsBot = Callable[[str, str, Any], Awaitable[Any]]
SendAsBot = Callable[..., Awaitable[Json]]

expect.set_options(timeout=30_000)  # a browser, a bot and other tests share the cores
HOSTILE = '<img src=x onerror="document.title = 1">'


@pytest.fixture
async def page(worlds: Worlds) -> AsyncIterator[Page]:
    async with Page(worlds, sample.add_links(worlds)) as page:
        yield page


@pytest.fixture
async def as_bot(worlds: Worlds) -> AsyncIterator[AsBot]:
    """Asks Discord for something (method, path, body) as any program with the bot's token could."""
    async with aiohttp.ClientSession(headers={"Authorization": f"Bot {worlds.discord.token}"}) as session:

        async def ask(method: str, path: str, body: Any) -> Any:
            async with session.request(method, f"{worlds.discord.api_url}{path}", json=body) as answer:
                assert answer.status == 200, await answer.text()
                return await answer.json()

        yield ask


@pytest.fixture
def send_as_bot(worlds: Worlds, as_bot: AsBot) -> SendAsBot:
    """Sends a message with these fields to #audit-process."""
    path = f"/channels/{worlds.discord.channel_id('audit-process')}/messages"
    return lambda **fields: as_bot("POST", path, {"allowed_mentions": {"parse": []}, **fields})


@pytest.fixture
def chromium() -> str:
    """Where a browser is; without one its tests are left out, loudly."""
    chromium = find_chromium()
    if chromium is None:
        warnings.warn(f"the page is untested: {INSTALL}", stacklevel=1)
        pytest.skip(INSTALL)
    return chromium


@pytest.fixture
async def tab(page: Page, chromium: str) -> AsyncIterator[Tab]:
    """The page in a browser."""
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=chromium, args=FLAGS)
        tab = await browser.new_page(viewport={"width": 1440, "height": 900})
        faults: list[str] = []
        tab.on("pageerror", lambda error: faults.append(str(error)))
        tab.on("console", lambda message: faults.append(message.text) if message.type == "error" else None)
        await tab.goto(page.url)
        yield tab
        await browser.close()
    assert [fault for fault in faults if "status of 504" not in fault] == []


without_browser = pytest.mark.filterwarnings("default:the page is untested")


@pytest.mark.parametrize("path", ["post", "press", "command", "autocomplete"])
async def test_another_site_cannot_act_through_the_page(path: str, worlds: Worlds, page: Page) -> None:
    async with aiohttp.ClientSession() as session:
        fields = {"channel": "audit-process", "content": "https://youtu.be/x"}
        answer = await session.post(f"{page.url}/{path}", data=fields, headers={"Sec-Fetch-Site": "cross-site"})

    assert answer.status == 403
    assert worlds.discord.messages("audit-process") == []


@pytest.mark.parametrize(
    ("path", "deed"),
    [
        ("press", {"message": "1", "custom_id": "x"}),
        ("command", {"name": "nothing", "options": {}, "channel": "audit-process"}),
        ("command", {"name": "nothing", "message": "1"}),
        ("autocomplete", {"name": "nothing", "option": "x", "typed": "", "options": {}, "channel": "audit-process"}),
        ("press", {}),
        ("press", []),
    ],
)
async def test_what_is_not_there_cannot_be_used(path: str, deed: Any, worlds: Worlds, page: Page) -> None:
    person = {"person": worlds.discord.poster["id"]}
    async with aiohttp.ClientSession() as session:
        answer = await session.post(f"{page.url}/{path}", json=deed | person if deed else deed)

    assert answer.status == 400


async def test_a_second_page_takes_the_next_port(worlds: Worlds, page: Page) -> None:
    async with Page(worlds, {}) as second:
        assert int(second.url.rpartition(":")[2]) > int(page.url.rpartition(":")[2])


@without_browser
@pytest.mark.usefixtures("bot")
async def test_a_link_posted_on_the_page_is_seen_all_the_way(tab: Tab) -> None:
    await tab.get_by_role("button", name="YouTube", exact=True).click()
    await tab.keyboard.press("Enter")

    await expect(tab.locator(".reactions")).to_have_text("✅ 1", timeout=60_000)
    await expect(tab.locator("tr .chip").first).to_have_text("Complete")
    await expect(tab.locator("#page")).to_contain_text("ask not what your country can do for you")
    await expect(tab.locator("#page").get_by_role("link", name="transcript.srt")).to_be_visible()
    await expect(tab.locator(".embed")).to_contain_text("✅ Complete")
    await tab.get_by_text("Read").click()
    await expect(tab.locator("#drive pre")).to_contain_text("ask what you can do for your country")
    await tab.get_by_role("button", name="Transcript", exact=True).click()
    async with tab.expect_download() as download:
        await tab.locator("[data-whisper]").get_by_role("link", name=re.compile(r"\.srt$")).click()
    assert "ask not what your country" in (await (await download.value).path()).read_text()


@without_browser
async def test_a_file_is_posted_into_the_chosen_channel_by_the_one_who_acts(worlds: Worlds, tab: Tab) -> None:
    await tab.get_by_role("button", name="# market-outlook").click()
    await tab.get_by_label("Who acts").select_option(label="Ben · bystander")
    await tab.get_by_label("Video or audio file").set_input_files(
        {"name": "a.mp3", "mimeType": "audio/mpeg", "buffer": b"sound"}
    )
    await tab.get_by_role("button", name="Post").click()

    await expect(tab.get_by_role("log")).to_contain_text("a.mp3")
    [message] = worlds.discord.messages("market-outlook")
    assert message["attachments"][0]["content_type"] == "audio/mpeg"
    assert message["author"]["global_name"] == "Ben"


A_CARD: Json = {
    "embeds": [
        {
            "title": "A title",
            "url": "https://example.com/video",
            "color": 0x2ECC71,
            "description": "✅ **Complete**",
            "fields": [{"name": "Length", "value": "11 s", "inline": True}, {"name": "Error", "value": "none"}],
            "footer": {"text": "a footer"},
        }
    ],
    "components": [
        {
            "type": 1,
            "components": [
                {"type": 2, "style": 4, "label": "Cancel", "custom_id": "cancel"},
                {"type": 2, "style": 1, "label": "Retry", "custom_id": "retry", "disabled": True},
                {"type": 2, "style": 5, "label": "Elsewhere", "url": "https://example.com/elsewhere"},
            ],
        }
    ],
}


@without_browser
async def test_a_card_is_drawn_as_discord_draws_it(
    worlds: Worlds, tab: Tab, as_bot: AsBot, send_as_bot: SendAsBot
) -> None:
    posted = worlds.discord.post("audit-process", "a video")
    sent = await send_as_bot(**A_CARD, message_reference={"message_id": posted["id"]})

    card = tab.locator("[data-bot]")
    await expect(card.locator(".edited")).to_have_count(0)
    edited = {"embeds": A_CARD["embeds"], "allowed_mentions": {"parse": []}}
    await as_bot("PATCH", f"/channels/{sent['channel_id']}/messages/{sent['id']}", edited)
    await expect(card.locator(".edited")).to_have_text("(edited)")
    await expect(card.locator(".answers a")).to_have_attribute("href", f"#{posted['id']}")
    await expect(card.locator(".embed")).to_have_css("border-left-color", "rgb(46, 204, 113)")
    await expect(card.get_by_role("link", name="A title")).to_have_attribute("href", "https://example.com/video")
    await expect(card.locator(".field.inline")).to_have_text("Length11 s")
    await expect(card.locator(".field:not(.inline)")).to_have_text("Errornone")
    await expect(card.locator(".footer")).to_have_text("a footer")
    await expect(card.get_by_role("button", name="Cancel")).to_have_class("button danger")
    await expect(card.get_by_role("button", name="Retry")).to_be_disabled()
    await expect(card.get_by_role("link", name="Elsewhere")).to_have_attribute("rel", "noopener noreferrer")


@without_browser
async def test_what_others_wrote_never_becomes_markup(worlds: Worlds, tab: Tab, send_as_bot: SendAsBot) -> None:
    worlds.discord.post("audit-process", f"{HOSTILE} [a](javascript:alert) **b**", embeds=[{"title": HOSTILE}])
    field = {"name": HOSTILE, "value": HOSTILE}
    await send_as_bot(
        embeds=[{"title": HOSTILE, "description": HOSTILE, "fields": [field], "footer": {"text": HOSTILE}}]
    )
    worlds.notion.add_page(worlds.audit_database, {"Name": HOSTILE, "ProcessErrors": HOSTILE})
    worlds.drive.made_by_hand(HOSTILE)

    for panel in (".said", ".embed", ".embed .said", ".field strong", ".footer", "#rows", "#page h3", "#drive"):
        await expect(tab.locator(panel).first).to_contain_text(HOSTILE)
    assert await tab.locator("main img, main a[href^='javascript']").count() == 0
    assert await tab.title() == "Auditscribe · sandbox"


MARKDOWN = {
    "**bold** *italic* _italic_ __under__ ~~struck~~ `code *x*`": "<strong>bold</strong> <em>italic</em> "
    "<em>italic</em> <u>under</u> <s>struck</s> <code>code *x*</code>",
    "**[link](https://e.com/a_b_c)**": '<strong><a href="https://e.com/a_b_c">link</a></strong>',
    "<https://e.com/1>, https://e.com/2.": '<a href="https://e.com/1">e.com/1</a>, '
    '<a href="https://e.com/2">e.com/2</a>.',
    "-# small\nlarge": "<small>small</small>\nlarge",
    "```\n**as it is**\n```": "<pre>**as it is**\n</pre>",
    "<t:0:D> <@1> <#2>": "<time>January 1, 1970</time> <span>@unknown</span> <span>#unknown</span>",
    r"\*\*b\*\* \_i\_ \~\~s\~\~ \`c\`": "**b** _i_ ~~s~~ `c`",
    r"\[a\]\(https\://e.com\) \<t:0:R\> \<@1\>": "[a](https://e.com) &lt;t:0:R&gt; &lt;@1&gt;",
    r"[https\://safe.com](https://e.com)": '<span>[https://safe.com](<a href="https://e.com">e.com</a>)</span>',
    r"[a \] b](https://e.com)": '<a href="https://e.com">a ] b</a>',
    "snake_case_name 2*3*4 [a](javascript:alert) [b](data:x)": "snake_case_name 2<em>3</em>4 [a](javascript:alert) "
    "[b](data:x)",
}
DRAWN = """nodes => nodes.map((node) => {
  const copy = node.cloneNode(true);
  for (const one of copy.querySelectorAll("*"))
    for (const name of one.getAttributeNames()) if (name !== "href") one.removeAttribute(name);
  return copy.innerHTML.trim();
})"""


@without_browser
async def test_markdown_is_what_discord_makes_of_it_and_escaped_text_is_none(worlds: Worlds, tab: Tab) -> None:
    for text in MARKDOWN:
        worlds.discord.post("audit-process", text)

    await expect(tab.locator(".said")).to_have_count(len(MARKDOWN))
    assert await tab.locator(".said").evaluate_all(DRAWN) == list(MARKDOWN.values())


@without_browser
async def test_a_moment_ticks(worlds: Worlds, tab: Tab) -> None:
    worlds.discord.post("audit-process", f"<t:{time.time() + 2:.0f}:R>")

    await expect(tab.locator(".said time")).to_have_text(re.compile("in [0-2] seconds?"))
    await expect(tab.locator(".said time")).to_have_text(re.compile("seconds? ago"))


@without_browser
@pytest.mark.usefixtures("bot")
async def test_the_answer_to_a_press_is_seen_by_the_one_who_pressed_until_dismissed(tab: Tab) -> None:
    await tab.get_by_role("button", name="Private video").click()
    await tab.keyboard.press("Enter")
    await tab.get_by_label("Who acts").select_option(label="Ben · bystander")
    await tab.get_by_role("button", name="Retry").click()

    whisper = tab.locator("[data-whisper]")
    await expect(whisper).to_contain_text("Only the poster")
    await expect(whisper).to_contain_text("Only you can see this")
    await tab.get_by_label("Who acts").select_option(label="Vera · poster")
    await expect(whisper).to_have_count(0)
    await tab.get_by_label("Who acts").select_option(label="Ben · bystander")
    await tab.get_by_role("button", name="Dismiss message").click()
    await expect(whisper).to_have_count(0)


@without_browser
@pytest.mark.usefixtures("bot")
async def test_a_slash_command_is_typed_by_keyboard_alone(worlds: Worlds, tab: Tab) -> None:
    worlds.discord.post("audit-process", "https://youtu.be/private____")
    await expect(tab.get_by_role("button", name="Retry")).to_be_visible()
    await tab.get_by_role("combobox", name="Message").focus()

    await tab.keyboard.type("/re")
    await expect(tab.get_by_role("listbox").get_by_role("option")).to_have_count(2)
    await tab.keyboard.press("ArrowDown")
    await expect(tab.get_by_role("listbox").get_by_role("option", selected=True)).to_contain_text("/reprocess")
    await tab.keyboard.press("ArrowUp")
    await tab.keyboard.press("Enter")
    await expect(tab.get_by_role("combobox", name="video")).to_be_focused()
    await tab.keyboard.type("youtu")
    await expect(tab.get_by_role("listbox").get_by_role("option")).to_have_count(1)
    await tab.keyboard.press("ArrowDown")
    await tab.keyboard.press("Enter")
    await tab.keyboard.press("Enter")

    await expect(tab.locator("[data-whisper]")).to_contain_text("tried again")
    await expect(tab.locator(".asked")).to_have_text("Vera used /retry")
    await expect(tab.get_by_role("combobox", name="Message")).to_be_focused()


@without_browser
@pytest.mark.usefixtures("bot")
async def test_a_message_has_a_menu_of_what_the_bot_offers_for_it(worlds: Worlds, tab: Tab) -> None:
    worlds.discord.post("audit-process", "no video")
    await tab.get_by_role("button", name="More about the message of Vera").focus()

    await tab.keyboard.press("Enter")
    await expect(tab.get_by_role("menuitem", name="Transcribe this")).to_be_focused()
    await tab.keyboard.press("Enter")

    await expect(tab.locator("[data-whisper]")).to_contain_text("There is no video in this message")
    await expect(tab.get_by_role("menu")).to_be_hidden()


@without_browser
async def test_people_are_shown_the_commands_that_they_may_use(worlds: Worlds, tab: Tab, as_bot: AsBot) -> None:
    heal = {"name": "heal", "description": "x", "default_member_permissions": int(Permission.MANAGE_GUILD)}
    look = {"name": "look", "description": "x"}
    await as_bot("PUT", f"/applications/{worlds.discord.application['id']}/commands", [heal, look])
    box, offered = tab.get_by_role("combobox", name="Message"), tab.get_by_role("listbox").get_by_role("option")

    await expect(tab.locator("#state")).to_contain_text("1 requests")
    await box.fill("/")
    await expect(offered).to_contain_text(["/look"])
    await tab.get_by_label("Who acts").select_option(label="Olive · owner")
    await box.fill("")
    await box.fill("/")
    await expect(offered).to_contain_text(["/heal", "/look"])


@without_browser
async def test_a_bot_that_is_silent_is_said_to_be(tab: Tab, send_as_bot: SendAsBot) -> None:
    await send_as_bot(**A_CARD)
    await tab.get_by_role("button", name="Cancel").click()

    await expect(tab.get_by_role("alert")).to_have_text("This interaction failed.")


@without_browser
@pytest.mark.usefixtures("bot")
async def test_nothing_is_cut_off_on_a_phone(worlds: Worlds, tab: Tab, send_as_bot: SendAsBot) -> None:
    long = "x" * 200
    worlds.notion.add_page(worlds.audit_database, {"Name": "A title " * 9, "URL": f"https://example.com/{long}"})
    await send_as_bot(embeds=[{"title": long, "description": long, "fields": [{"name": long, "value": long}]}])
    await tab.set_viewport_size({"width": 375, "height": 812})

    await tab.get_by_role("combobox", name="Message").fill("/status ")
    await tab.get_by_role("combobox", name="video").fill(long)
    await tab.keyboard.press("Enter")

    await expect(tab.locator("[data-whisper]")).to_be_visible()
    await expect(tab.locator("#page")).to_contain_text("A title")
    assert await tab.evaluate("document.documentElement.scrollWidth") == 375
    scrolled = await tab.locator(".messages").evaluate("node => node.scrollWidth - node.clientWidth")
    assert scrolled == 0


@without_browser
@pytest.mark.timeout(300)
@pytest.mark.usefixtures("chromium")
@pytest.mark.long
async def test_a_card_has_its_picture_in_each_of_its_states(
    worlds: Worlds, page: Page, start_bot: StartBot, tmp_path: Path
) -> None:
    async with start_bot(WORKERS="1"):
        await states.take(worlds, page.url, tmp_path / "cards")

    pictures = {path.stem: path.read_bytes()[:4] for path in (tmp_path / "cards").iterdir()}
    assert pictures == dict.fromkeys(states.SIGNS, b"\x89PNG")
