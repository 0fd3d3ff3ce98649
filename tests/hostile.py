"""Words that people post, sites show and errors say, none of which may do anything: for fuzzing."""

from hypothesis import strategies as st

PIECES = (
    "@everyone", "@here", "<@123>", "<@!123>", "<@&123>", "<#123>", "</retry:123>", "<id:home>", "<t:0:R>",
    "<:smile:123>", "<a:wave:123>", ":smile:", "[masked](https://evil.example)", "<https://evil.example>",
    "https://evil.example/?a=1&b=2", "http://", "https://youtu.be/dQw4w9WgXcQ", "||spoiler||", "```py\ncode```", "`",
    "**", "__", "~~", "*", "_", "\\", "> quote", ">>> quote", "# head", "-# small", "- list", "+ list", "1. list",
    "../", "..\\", "/etc/passwd", "C:\\", "con", "nul.txt", "\0", "\n", "\r", "\t", "\x1b[31m", "\u2028", "\u202e",
    "\u2066", "\u200b", "\u200d", "\u3164", "\u034f", "\ud83d", "\ude00", "\ufeff", "👩‍👩‍👧", "日本語" * 40, "e\u0301",
    "x" * 300, "--help", "-rf", "'", '"', "'; DROP TABLE jobs; --", "{title}", "{0.__class__}", "%s %(x)d", "${HOME}",
    "Authorization: Bearer SECRET123", "ntn_SECRET12345678", "https://cdn.example/a?hm=SECRET", "Cookie: SID=SECRET",
)  # fmt: skip
"""Each may be more than it seems: in Discord, in a path, in a log, in a query, in a template."""

WORDS = st.lists(st.one_of(st.sampled_from(PIECES), st.text(max_size=20), st.characters()), max_size=8).map("".join)

_HOSTS = st.sampled_from(
    (
        "youtube.com", "www.youtube.com", "YouTube.com.", "youtu.be", "m.youtube.com", "music.youtube.com", "127.0.0.1",
        "youtube.com.evil.example", "user:pw@youtube.com", "youtube.com:443", "youtube.com:8080", "[::1]", "[", "0x7f",
        "xn--yutube-wqf.com", "уoutube.com", "%79outube.com", "a..b", "v.example:99999", "v.example:0443", "V.Example.",
        "v.example", "user@v.example", "v.example:80", "v.example:",
    )
)  # fmt: skip
_PATHS = st.sampled_from(
    [
        "",
        "/",
        "/watch",
        "/watch/",
        "/live/",
        "/shorts/",
        "/embed/",
        "//",
        "/a/../b",
        "/%2e%2e/",
        "/@channel/live",
        "/v/",
    ]
)
_IDS = st.sampled_from(["dQw4w9WgXcQ", "dQw4w9WgXc_", "-Qw4w9WgXcQ", "dQw4w9WgXcQx", "short", ""])
_QUERIES = st.sampled_from(
    ["", "?v=", "?list=PL1&v=", "?utm_source=x&v=", "?v=%64", "?a=1&a=2&v=", "?&&", "?;v=", "?q=%00&v=", "?fbclid=1&v="]
)
_ENDS = st.sampled_from(["", "#t=1", "&t=42s", "&utm_medium=a+b", ")", "*", "_", "|", ">", "'", "&x=%zz", "&y=ü"])

LINKS = st.tuples(
    st.sampled_from(["http", "https", "HTTPS", "ftp", "httpss", "javascript"]), _HOSTS, _PATHS, _QUERIES, _IDS, _ENDS
).map(lambda parts: f"{parts[0]}://{''.join(parts[1:])}")

TEXTS = st.lists(st.one_of(WORDS, LINKS), max_size=5).map(" ".join)
"""What somebody may write into a message."""
