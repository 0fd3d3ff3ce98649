"""Builders of Discord's payloads: users, members, guilds, channels, threads, emoji, embeds, components."""

import re
import time
from collections.abc import Iterable
from datetime import datetime, timezone
from typing import Any

Json = dict[str, Any]

EPOCH_MS = 1_420_070_400_000
"""Discord's first second, 2015-01-01, in Unix milliseconds."""


class Snowflakes:
    """Ids that grow strictly and whose upper bits are the true moment of their making."""

    def __init__(self) -> None:
        self._last = 0

    def __call__(self) -> str:
        self._last = max((time.time_ns() // 1_000_000 - EPOCH_MS) << 22, self._last + 1)
        return str(self._last)


def moment_of(snowflake: str) -> str:
    """Return when a snowflake was made, as ISO 8601 in UTC."""
    return datetime.fromtimestamp(((int(snowflake) >> 22) + EPOCH_MS) / 1000, timezone.utc).isoformat()


def now() -> str:
    return datetime.now(timezone.utc).isoformat()


def a_user(user_id: str, name: str, *, bot: bool = False) -> Json:
    return {
        "id": user_id,
        "username": name if bot else re.sub(r"[^a-z0-9_.]", "", name.lower()) or "someone",
        "global_name": None if bot else name,
        "discriminator": "0",
        "avatar": None,
        "bot": bot,
        "public_flags": 0,
        "flags": 0,
        "primary_guild": None,
    }


def a_member(user: Json, roles: list[str]) -> Json:
    return {
        "user": user,
        "roles": roles,
        "nick": None,
        "avatar": None,
        "banner": None,
        "joined_at": now(),
        "premium_since": None,
        "communication_disabled_until": None,
        "pending": False,
        "deaf": False,
        "mute": False,
        "flags": 0,
    }


def a_role(role_id: str, name: str, permissions: int, *, bot_id: str | None = None) -> Json:
    return {
        "id": role_id,
        "name": name,
        "permissions": str(int(permissions)),
        "position": 0 if name == "@everyone" else 1,
        "color": 0,
        "colors": {"primary_color": 0, "secondary_color": None, "tertiary_color": None},
        "hoist": False,
        "icon": None,
        "unicode_emoji": None,
        "managed": bot_id is not None,
        "mentionable": False,
        "flags": 0,
        **({"tags": {"bot_id": bot_id}} if bot_id else {}),
    }


def a_guild(guild_id: str, name: str, owner_id: str) -> Json:
    nothing: Iterable[str] = (
        *("icon", "description", "home_header", "splash", "discovery_splash", "banner", "application_id"),
        *("afk_channel_id", "system_channel_id", "widget_channel_id", "max_presences", "vanity_url_code"),
        *("rules_channel_id", "safety_alerts_channel_id", "public_updates_channel_id", "incidents_data"),
    )
    return {
        **dict.fromkeys(nothing),
        **dict.fromkeys(("system_channel_flags", "verification_level", "default_message_notifications"), 0),
        **dict.fromkeys(("mfa_level", "explicit_content_filter", "nsfw_level", "premium_tier"), 0),
        **dict.fromkeys(("widget_enabled", "premium_progress_bar_enabled", "nsfw"), False),
        "id": guild_id,
        "name": name,
        "owner_id": owner_id,
        "region": "deprecated",
        "preferred_locale": "en-US",
        "afk_timeout": 300,
        "max_members": 500_000,
        "max_stage_video_channel_users": 50,
        "max_video_channel_users": 25,
        "premium_subscription_count": 0,
        "features": [],
        "emojis": [],
        "stickers": [],
        "roles": [],
    }


def a_text_channel(channel_id: str, guild_id: str, name: str, position: int) -> Json:
    return {
        "id": channel_id,
        "type": 0,
        "guild_id": guild_id,
        "name": name,
        "position": position,
        "topic": None,
        "nsfw": False,
        "parent_id": None,
        "last_message_id": None,
        "rate_limit_per_user": 0,
        "permission_overwrites": [],
        "flags": 0,
    }


def a_thread(thread_id: str, parent: Json, name: str, owner_id: str, archive_after: int = 4320) -> Json:
    """Return a public thread; `archive_after` is in minutes."""
    return {
        "id": thread_id,
        "type": 11,
        "guild_id": parent["guild_id"],
        "parent_id": parent["id"],
        "owner_id": owner_id,
        "name": name,
        "last_message_id": None,
        "rate_limit_per_user": 0,
        "message_count": 0,
        "member_count": 1,
        "total_message_sent": 0,
        "flags": 0,
        "thread_metadata": {
            "archived": False,
            "archive_timestamp": now(),
            "auto_archive_duration": archive_after,
            "locked": False,
            "create_timestamp": now(),
        },
    }


def an_application(application_id: str, bot: Json, owner: Json, flags: int) -> Json:
    return {
        **dict.fromkeys(("icon", "type", "team", "interactions_endpoint_url", "role_connections_verification_url")),
        **dict.fromkeys(("approximate_user_install_count", "approximate_user_authorization_count"), 0),
        "id": application_id,
        "name": bot["username"],
        "description": "",
        "bot": bot,
        "owner": owner,
        "bot_public": True,
        "bot_require_code_grant": False,
        "verify_key": "0" * 64,
        "flags": flags,
        "flags_new": str(flags),
        "redirect_uris": [],
        "approximate_guild_count": 1,
        "explicit_content_filter": 0,
        "eligible_oauth2_scopes": ["bot", "applications.commands"],
    }


def an_emoji(text: str) -> Json:
    """Return the partial emoji of a reaction: Unicode, or custom as `name:id`."""
    name, _, emoji_id = text.partition(":")
    return {"id": emoji_id or None, "name": name}
