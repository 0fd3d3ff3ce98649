"""discord.py's exceptions become our named errors, here and nowhere else."""

from collections.abc import Iterator
from contextlib import contextmanager

import aiohttp
import discord

from services.errors import PermanentError, TransientError


@contextmanager
def named_errors() -> Iterator[None]:
    """Raise what discord.py raises as PermanentError or TransientError.

    discord.py itself has waited for rate limits and tried 500, 502, 504 and 524 again before it raises.
    """
    try:
        yield
    except discord.NotFound as error:
        raise PermanentError("The message was deleted in Discord.") from error
    except discord.Forbidden as error:
        raise PermanentError(f"Discord does not let the bot do this: {error.text}.") from error
    except discord.HTTPException as error:
        if error.status < 500 and error.status != 429:
            raise PermanentError(f"Discord refused a message of the bot: {error.text}.") from error
        raise TransientError("Discord is busy at the moment.") from error
    except (aiohttp.ClientError, OSError) as error:
        raise TransientError("Discord cannot be reached at the moment.") from error
