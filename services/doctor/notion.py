"""Is Notion as the routes need it? And what can be added there is added, if that is wanted."""

from collections.abc import Mapping, Sequence

from config.notion_config import ChannelRoute
from services.clients.notion import DatabaseError, DataSource, NotionClient
from services.clients.notion_properties import Json
from services.doctor.additions import additions
from services.doctor.columns import column_findings, has_status_column, option_findings
from services.doctor.finding import Finding, Level, failed
from services.errors import AuditscribeError, PermanentError

_TOKEN = "Copy the connection's secret from https://www.notion.so/my-integrations into NOTION_TOKEN."  # noqa: S105 (a remedy)
_SHARE = "Check the database's address in the settings, and add the bot's connection to it (••• > Connections)."
_CAPABILITIES = "Let the connection read, insert and update content: https://www.notion.so/my-integrations."


async def check_notion(notion: NotionClient, routes: Sequence[ChannelRoute], *, fix: bool) -> list[Finding]:
    """Look at the token, and at every database; `fix` creates the columns and options that one lacks."""
    connection = await check_token(notion)
    if connection.level is Level.RED:
        return [connection]
    findings = [connection]
    for address in dict.fromkeys(route.database for route in routes):
        served = [route for route in routes if route.database == address]
        findings += await _check_database(notion, address, served, fix=fix)
    return findings


async def check_token(notion: NotionClient) -> Finding:
    """Return whether Notion lets the bot in."""
    try:
        name = await notion.connection_name()
    except AuditscribeError as error:
        return failed("Notion", error, _TOKEN)
    return Finding(Level.OK, "Notion", f"The token is that of the connection {name}.")


async def find_table(notion: NotionClient, subject: str, address: str) -> DataSource | Finding:
    """Return the table at an address as it is now, or why there is none."""
    try:
        return await notion.data_source(address, kept=False)
    except DatabaseError as error:
        return failed(subject, error, _SHARE)
    except AuditscribeError as error:
        return failed(subject, error, _CAPABILITIES)


async def fix_table(
    notion: NotionClient, subject: str, routes: Sequence[ChannelRoute], table: DataSource
) -> list[Finding]:
    """Create the columns and options that a table lacks; what is there is neither changed nor deleted."""
    try:
        schema = await notion.schema(table)
        if not (added := additions(routes, schema, table)):
            return []
        await notion.add_to_schema(table, added)
    except PermanentError as error:
        return [failed(subject, error, "Add the columns and options below by hand, in Notion.")]
    except AuditscribeError as error:
        return [failed(subject, error, _CAPABILITIES)]
    return [Finding(Level.OK, subject, _told(column, schema, new)) for column, new in added.items()]


async def _check_database(
    notion: NotionClient, address: str, routes: Sequence[ChannelRoute], *, fix: bool
) -> list[Finding]:
    subject = f"Notion, {', '.join(route.channel for route in routes)}"
    findings: list[Finding] = []
    table = await find_table(notion, subject, address)
    if fix and isinstance(table, DataSource):
        findings += await fix_table(notion, subject, routes, table)
        table = await find_table(notion, subject, address)
    if isinstance(table, Finding):
        return [*findings, table]
    found = [finding for route in routes for finding in _check_route(subject, route, table)]
    return [*findings, *_in_short(subject, list(dict.fromkeys(found)))]


def _check_route(subject: str, route: ChannelRoute, table: DataSource) -> list[Finding]:
    options = option_findings(subject, route, table) if has_status_column(route, table) else []
    return [*column_findings(subject, route, table), *options]


def _in_short(subject: str, findings: Sequence[Finding]) -> list[Finding]:
    """Return one line for all that is as it should be, and the others as they are."""
    fine = [finding for finding in findings if finding.level is Level.OK and not finding.remedy]
    others = [finding for finding in findings if finding not in fine]
    return [Finding(Level.OK, subject, f"{len(fine)} columns and options are as they should be."), *others]


def _told(column: str, schema: Mapping[str, Json], new: Json) -> str:
    options = ", ".join(
        f'"{option["name"]}"' for option in new.get("select", {}).get("options", ()) if "id" not in option
    )
    if column not in schema:
        return f'The column "{column}" was created{f", with the options {options}" if options else ""}.'
    return f'"{column}" got the options {options}.'
