"""PURE: secrets out of texts that people read, by their shape and, where it is known, by their value."""

import json
import re
from collections.abc import Iterable
from urllib.parse import quote

GAP = "[redacted]"
_SHORTEST = 6
"""Characters of a value that is a secret; a shorter one would tear holes into ordinary words."""

_HEADERS = r"(?:proxy-)?authorization|(?:set-)?cookies?2?|x-webhook-secret|x-api-key|x-goog-api-key"
_PARAMETERS = (  # of Discord's CDN, Amazon's and Google's stores, OAuth, and what sites call such things
    r"(?:x-)?(?:amz|goog)-(?:signature|credential|security-token)|policy|key-pair-id|googleaccessid"
    r"|hm|l?sig|(?:ur|url)?_?sign(?:ature)?|pot|hdn(?:ts|ea)|upload_id|api_?key|key|code|assertion|auth(?:_?key)?"
    r"|(?:access|refresh|id|session|security|auth)?_?token|(?:client_|app_?)?secret|pass(?:word|wd)?|session(?:id)?"
)
_SESSIONS = r"__(?:Secure|Host)-[\w-]+|LOGIN_INFO|S?A?PISID|[HS]?SID(?:CC|TS)?|sessionid|csrftoken|auth_token"
_SHAPES = tuple(
    re.compile(pattern, flags)
    for pattern, flags in (
        (r"()-----BEGIN [A-Z ]*PRIVATE KEY-----(?:.*?-----END [A-Z ]*PRIVATE KEY-----|.*)", re.DOTALL),
        # A header in a dump of headers: up to the quote in which it stands, or else to the end of its line.
        (rf"(\b(?:{_HEADERS})\b[\"']?\s*[:=]\s*[\"'])[^\"'\r\n]+", re.IGNORECASE),
        (rf"(\b(?:{_HEADERS})\b\s*[:=] *)(?![\"'])[^\r\n]+", re.IGNORECASE),
        # A cookies file's line: domain, TRUE or FALSE, path, ..., value, between tabs.
        (r"((?:\b|\\t)(?:TRUE|FALSE)(?:\t|\\t))[^\r\n]+", 0),
        (rf"(\b(?:{_SESSIONS})=)[^\s;&\"'<>]+", 0),
        (r"(\bBearer\s+)[\w.~+/=-]{8,}", re.IGNORECASE),
        (r"(\bBasic\s+)(?=[\w+/]*[\d=])[\w+/]{8,}=*", 0),
        (r"(://)[^\s/?#@\"'<>:]*:[^\s/?#@\"'<>]*(?=@)", 0),
        (rf"([?&;](?:amp;)?(?:{_PARAMETERS})=)[^\s&#\"'<>\\]+", re.IGNORECASE),
        (r"(/(?:l?sig|signature|pot|upload_id)/)[^\s/?#\"'<>]+", 0),  # as Google writes parameters into a path
        (rf"([\"'](?:{_PARAMETERS})[\"']\s*[:=]\s*[\"'])[^\"']+", re.IGNORECASE),
        (r"(\b[A-Z_]*(?:TOKEN|SECRET|PASSWORD|API_KEY)\s*=\s*)(?:\"[^\"]*\"|'[^']*'|[^\s\"']+)", 0),
        (r"(/(?:webhooks|interactions)/\d+/)[\w.-]+", 0),  # an interaction's token, which is good for 15 minutes
        (r"()\b[\w-]{23,28}\.[\w-]{6,7}\.[\w-]{27,}", 0),  # Discord
        (r"()(?:ntn_\w{8,}|\bsecret_\w{20,})", 0),  # Notion; the first also where it is stuck to a word
        (r"()\b(?:ya29\.[\w.-]+|1//[\w-]{16,}|4/0[\w-]{16,}|GOCSPX-[\w-]+|AIza[\w-]{30,})", 0),  # Google
        (r"()\beyJ[\w-]{8,}\.[\w-]{8,}\.[\w-]*", 0),  # a signed claim (RFC 7519)
    )
)


class Redaction:
    """Takes out what has the shape of a secret, and these very values, also as a link or JSON spells them."""

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        values = [secret for secret in secrets if len(secret) >= _SHORTEST]
        spelled = {form for value in values for form in (value, quote(value, safe=""), json.dumps(value)[1:-1])}
        longest_first = sorted(spelled, key=len, reverse=True)
        self._values = re.compile("|".join(map(re.escape, longest_first))) if longest_first else None

    def __call__(self, text: str) -> str:
        """Return the text with a gap for each secret; done again, it changes nothing more."""
        for shape in _SHAPES:
            text = shape.sub(rf"\1{GAP}", text)
        return self._values.sub(GAP, text) if self._values else text


redacted = Redaction()
"""By shape alone."""
