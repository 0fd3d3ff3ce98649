"""Can the audit-process database in Notion show where each video is?

    python scripts/test_status_updates.py [--fix]

It needs NOTION_TOKEN and DISCORD_MESSAGE_DB_ID alone. No page is written: that could set off people's own flows.
`--fix` creates the columns and options that are missing; what is there is neither changed nor deleted. The exit status
is 0 where all is well, 1 with any red line, 2 where a setting is missing.
"""

import argparse
import asyncio
import logging
import sys
from collections.abc import AsyncIterator
from contextlib import aclosing
from dataclasses import replace
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # the project's root: it is no package to be installed

from bot.routes import routes_of
from config.notion_config import AUDIT_PROCESS, ChannelRoute
from config.settings import NotionSettings, SettingsError, load_notion_settings
from services.clients.notion import DataSource, NotionClient
from services.doctor.columns import column_findings, option_findings
from services.doctor.finding import Finding, Level, any_red
from services.doctor.notion import check_token, find_table, fix_table

RED, WRONG_SETTINGS = 1, 2
_DATABASE = "Database"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--fix", action="store_true", help="create the missing columns and options")
    fix = parser.parse_args().fix
    logging.disable(logging.WARNING)  # what went wrong is in the findings
    try:
        return asyncio.run(run(load_notion_settings(), fix=fix))
    except SettingsError as error:
        print(error, file=sys.stderr)
        return WRONG_SETTINGS


async def run(settings: NotionSettings, *, fix: bool) -> int:
    """Print each finding as it comes; return the exit status."""
    routes = {route.channel: route for route in routes_of(settings, {}).routes}
    route = routes.get(AUDIT_PROCESS.channel) or replace(AUDIT_PROCESS, database=settings.discord_message_db_id)
    findings = []
    async with aclosing(NotionClient(settings.notion_token.get_secret_value(), settings.notion_api_url)) as notion:
        async for finding in check(notion, route, fix=fix):
            print(finding, flush=True)
            findings.append(finding)
    return RED if any_red(findings) else 0


async def check(notion: NotionClient, route: ChannelRoute, *, fix: bool) -> AsyncIterator[Finding]:
    """Yield what is found: of the client, the configuration, each column and each status value."""
    client = await check_token(notion)
    yield client
    if client.level is Level.RED:
        return
    table = await find_table(notion, _DATABASE, route.database)
    if fix and isinstance(table, DataSource):
        for finding in await fix_table(notion, "Fix", [route], table):
            yield finding
        table = await find_table(notion, _DATABASE, route.database)
    if isinstance(table, Finding):
        yield table
        return
    yield Finding(Level.OK, _DATABASE, f"The one of {route.channel} can be read; its pages show each stage.")
    for key in ("status", "process_errors"):
        yield in_field_map(route, key)
    for finding in column_findings("Column", route, table) + option_findings("Status", route, table):
        yield finding


def in_field_map(route: ChannelRoute, key: str) -> Finding:
    if key in route.field_map:
        return Finding(Level.OK, "field_map", f'"{key}" is the column "{route.field_map[key]}".')
    return Finding(Level.RED, "field_map", f'"{key}" is missing.', "Name its column in config/notion_config.py.")


if __name__ == "__main__":
    sys.exit(main())
