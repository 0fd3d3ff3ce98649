"""Every fault that the bot must bear, and how it ends: by hand, from what people were promised.

Nothing here is computed by the code under test.
"""

from dataclasses import replace

from tests.e2e.faults.rows import Row

BUSY = "Notion is busy at the moment."
AWAY = "Notion cannot be reached at the moment."
RESUME = "tests/integration/test_drive_resume.py"
DRIVE = "tests/integration/test_drive_trouble.py"
OPERATOR = "tests/e2e/test_drive_trouble.py"
WHISPER = "tests/integration/test_whisper.py"
WITH_LOGIN = "run python -m bot drive-login again"

NOTION = {
    "column-renamed": Row(group="Notion", fault="400: a column was renamed"),
    "column-mistyped": Row(group="Notion", fault="400: a column has another type"),
    "status-column-renamed": Row(
        group="Notion",
        fault="400: the status column was renamed",
        says="database has no column Transcript Process Status (select) any more: somebody must give it back.",
        has_page=False,
    ),
    "refused": Row(
        group="Notion", fault="400 for another reason", ends="Error", says="Notion refused the request: Nonsense."
    ),
    "token-revoked": Row(
        group="Notion",
        fault="401: the token was revoked",
        meanwhile="goes on by itself once Notion is mended",
        alert="Notion does not accept the bot's token: renew NOTION_TOKEN.",
    ),
    "access-lost": Row(
        group="Notion",
        fault="404: the database is no longer shared",
        meanwhile="goes on by itself once Notion is mended",
        alert="share it with the bot's connection",
    ),
    "page-deleted": Row(
        group="Notion",
        fault="404: the page was deleted in the middle",
        meanwhile=BUSY,
        ends="Error",
        says="The page is no longer in Notion",
        has_page=False,
    ),
    "conflict": Row(group="Notion", fault="409", meanwhile=BUSY),
    "429-after-1": Row(group="Notion", fault="429, Retry-After 1"),
    "429-after-60": Row(group="Notion", fault="429, Retry-After 60", meanwhile=BUSY),
    "429-after-300": Row(group="Notion", fault="429, Retry-After 300", meanwhile=BUSY),
    "429-until-a-date": Row(group="Notion", fault="429, Retry-After a date", meanwhile=BUSY),
    "429-without": Row(group="Notion", fault="429 without Retry-After", meanwhile=BUSY),
    **{
        f"notion-{status}": Row(group="Notion", fault=str(status), meanwhile=BUSY)
        for status in (500, 502, 503, 504, 529)
    },
    "timeout-before": Row(group="Notion", fault="no answer for 30 s, the page was not written", meanwhile=AWAY),
    "timeout-after": Row(group="Notion", fault="no answer for 30 s, the page was written", meanwhile=AWAY),
    "dropped-after-create": Row(group="Notion", fault="the connection breaks after a page was created"),
}
DISCORD = {
    "403": Row(group="Discord", fault="403: the bot may not post in the channel", has_card=False),
    "message-gone": Row(group="Discord", fault="404: the message was deleted while its video ran", has_card=False),
    "attachment-gone": Row(
        group="Discord",
        fault="404: the message with the file is gone when the file is wanted",
        ends="Error",
        says="The message was deleted in Discord.",
    ),
    "channel-gone": Row(group="Discord", fault="404: the channel was deleted while a video ran", has_card=False),
    "discord-429": Row(group="Discord", fault="429, retry after 1 s"),
    **{f"discord-{status}": Row(group="Discord", fault=str(status)) for status in (500, 502, 503, 504)},
    "gateway-5-s": Row(group="Discord", fault="the gateway is away for 5 s: the session is resumed"),
    "gateway-10-min": Row(
        group="Discord",
        fault="the gateway is away for 10 min: the session is lost (the sandbox forgets it at once)",
    ),
    "duplicate-event": Row(group="Discord", fault="an event comes twice"),
    "expired-attachment": Row(group="Discord", fault="the url of an attachment has expired"),
}
DRIVE_ROWS = {
    **{
        f"cut-{percent}": Row(
            group="Drive",
            fault=f"an upload is cut at {percent} %",
            shown_by=f"{DRIVE}::test_an_upload_that_is_cut_goes_on_where_it_was_cut",
        )
        for percent in (1, 50, 99)
    },
    **{
        f"session-{status}": Row(
            group="Drive",
            fault=f"{status}: the upload's session is lost",
            shown_by=f"{DRIVE}::test_a_session_that_is_lost_at_any_moment_starts_over_and_leaves_one_file",
        )
        for status in (404, 410)
    },
    "quota": Row(
        group="Drive",
        fault="403 storageQuotaExceeded",
        meanwhile="goes on by itself once Google Drive is mended",
        alert="Google Drive is full: free some space",
        shown_by=f"{OPERATOR}::test_trouble_that_a_person_must_mend_is_told_once_and_ends_by_itself",
    ),
    "drive-token-revoked": Row(
        group="Drive",
        fault="400 invalid_grant: the token was revoked",
        meanwhile="goes on by itself once Google Drive is mended",
        alert=WITH_LOGIN,
        shown_by=f"{OPERATOR}::test_trouble_that_a_person_must_mend_is_told_once_and_ends_by_itself",
    ),
    "rate-limits": Row(
        group="Drive",
        fault="403 userRateLimitExceeded and rateLimitExceeded, 429",
        shown_by=f"{OPERATOR}::test_rate_limits_are_waited_for",
    ),
    "drive-5xx": Row(
        group="Drive",
        fault="503 for a folder",
        meanwhile="Google Drive is busy (status 503).",
        shown_by="tests/e2e/test_recovery.py::"
        "test_a_failed_upload_is_tried_again_with_the_same_files_into_the_same_folder",
    ),
    "drive-5xx-upload": Row(
        group="Drive",
        fault="503, or no answer, before and after a chunk",
        shown_by="tests/integration/test_drive.py::test_an_interrupted_upload_ends_with_one_file",
    ),
}
FULL = Row(
    group="Disk and ledger",
    fault="the disk is full when a download is written",
    meanwhile="goes on by itself once Disk is mended",
    alert="The bot's disk is full: somebody must free some space there.",
)
MACHINE = {
    "ledger-full": Row(group="Disk and ledger", fault="the disk is full when the ledger is written"),
    "work-folder-full": FULL,
    "transcript-full": replace(FULL, fault="the disk is full when the transcript is written"),
    "log-full": Row(
        group="Disk and ledger",
        fault="the disk is full when the log is written",
        shown_by="tests/e2e/test_faults.py::test_a_log_on_a_full_disk_stops_nothing",
    ),
    "ledger-locked": Row(group="Disk and ledger", fault="another process holds the ledger"),
    "ledger-damaged-at-start": Row(
        group="Disk and ledger",
        fault="the ledger is corrupt at the start",
        alert="The bot's ledger was damaged. It is kept aside as auditscribe.db.damaged-",
        shown_by="tests/e2e/test_damaged_ledger.py::test_a_ledger_that_is_damaged_at_the_start_is_begun_anew",
    ),
    "ledger-damaged": Row(
        group="Disk and ledger",
        fault="the ledger turns out to be corrupt while the bot runs",
        alert="The bot's ledger was damaged. It is kept aside as auditscribe.db.damaged-",
        shown_by="tests/e2e/test_damaged_ledger.py::test_a_ledger_that_is_damaged_while_it_is_in_use_is_begun_anew",
    ),
    "whisper-dies": Row(group="Speech", fault="the Whisper child is killed, as for want of memory"),
    "whisper-dies-often": Row(
        group="Speech",
        fault="the Whisper child dies again and again of a file",
        meanwhile="The speech recogniser ended unexpectedly",
        shown_by=f"{WHISPER}::test_a_transcription_in_which_the_child_dies_repeatedly_fails_and_the_next_call_starts_another",
    ),
    "whisper-hangs": Row(
        group="Speech",
        fault="the Whisper child hangs",
        shown_by=f"{WHISPER}::test_a_child_that_gives_no_answer_is_killed_and_its_work_goes_on_in_another",
    ),
    "whisper-stalls": Row(
        group="Speech",
        fault="a transcription gets no further",
        meanwhile="The speech recogniser said nothing for",
        shown_by=f"{WHISPER}::test_a_transcription_that_stalls_fails_alone_and_waiting_for_bytes_is_no_stall",
    ),
    "half-a-model": Row(
        group="Speech",
        fault="a model is half downloaded",
        meanwhile="goes on by itself once Whisper model is mended",
        alert="the operator must check WHISPER_MODEL",
        shown_by=f"{WHISPER}::test_a_model_that_is_not_whole_is_for_the_operator_to_mend_at_once",
    ),
    "clock-forward": Row(group="Clock", fault="the clock jumps an hour forward"),
    "clock-back": Row(group="Clock", fault="the clock jumps an hour back"),
    "clock-and-restart": Row(
        group="Clock",
        fault="the clock has jumped, and the bot starts while a video waits for its next try",
        shown_by="tests/unit/test_clock.py::"
        "test_a_retry_waits_no_longer_than_was_asked_for_whatever_became_of_the_clock",
    ),
}
TABLE: dict[str, Row] = {**NOTION, **DISCORD, **DRIVE_ROWS, **MACHINE}
