"""The `q` language of files.list (developers.google.com/workspace/drive/api/guides/ref-search-terms)."""

from __future__ import annotations

import operator
import re
from collections.abc import Callable
from datetime import datetime, timezone

from sandbox.drive.errors import Refusal, invalid
from sandbox.drive.files import File

Test = Callable[[File], bool]

TOKEN = re.compile(r"\s*(?:(?P<text>'(?:[^'\\]|\\.)*')|(?P<word>\w+)|(?P<sign><=|>=|!=|[=<>(){}]))")
COMPARISONS: dict[str, Callable[[object, object], bool]] = {
    "=": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,  # type: ignore[dict-item]  # both sides are moments
    "<=": operator.le,  # type: ignore[dict-item]  # both sides are moments
    ">": operator.gt,  # type: ignore[dict-item]  # both sides are moments
    ">=": operator.ge,  # type: ignore[dict-item]  # both sides are moments
}


def compiled(query: str, root: str) -> Test:
    """Return what a query asks of a file; raise a refusal for one that cannot be read. `root` is the alias's id."""
    parser = _Parser(_tokens(query), root)
    test = parser.expression()
    if parser.tokens:
        raise _unreadable()
    return test


def _tokens(query: str) -> list[str]:
    tokens, place, end = [], 0, len(query.rstrip())
    while place < end:
        found = TOKEN.match(query, place)
        if found is None:
            raise _unreadable()
        tokens.append(found[0].strip())
        place = found.end()
    return tokens


def _unreadable() -> Refusal:
    return invalid("q")


class _Parser:
    """Recursive descent; `and` and `or` bind alike, from left to right."""

    def __init__(self, tokens: list[str], root: str) -> None:
        self.tokens = tokens
        self.root = root

    def expression(self) -> Test:
        test = self._factor()
        while self.tokens[:1] in (["and"], ["or"]):
            test = _both(test, self._factor()) if self._next() == "and" else _either(test, self._factor())
        return test

    def _factor(self) -> Test:
        token = self._next()
        if token == "not":
            negated = self._factor()
            return lambda file: not negated(file)
        if token == "(":
            inner = self.expression()
            self._expect(")")
            return inner
        return self._membership(token) if token.startswith("'") else self._term(token)

    def _membership(self, token: str) -> Test:
        self._expect("in")
        self._expect("parents")
        parent = self.root if _text(token) == "root" else _text(token)
        return lambda file: parent in file.parents

    def _term(self, term: str) -> Test:
        sign = self._next()
        if sign == "has" and term in ("appProperties", "properties"):
            return self._property(term)
        if term in ("trashed", "starred"):
            return _flag(term, sign, self._next())
        wanted = _text(self._next())
        if term in ("name", "mimeType"):
            return _word(term, sign, wanted)
        if term in ("createdTime", "modifiedTime"):
            return _time(term, sign, wanted)
        raise _unreadable()

    def _property(self, term: str) -> Test:
        for token in ("{", "key", "="):
            self._expect(token)
        key = _text(self._next())
        for token in ("and", "value", "="):
            self._expect(token)
        value = _text(self._next())
        self._expect("}")
        return lambda file: file.metadata.get(term, {}).get(key) == value

    def _next(self) -> str:
        if not self.tokens:
            raise _unreadable()
        return self.tokens.pop(0)

    def _expect(self, token: str) -> None:
        if self._next() != token:
            raise _unreadable()


def _both(left: Test, right: Test) -> Test:
    return lambda file: left(file) and right(file)


def _either(left: Test, right: Test) -> Test:
    return lambda file: left(file) or right(file)


def _text(token: str) -> str:
    if not token.startswith("'"):
        raise _unreadable()
    return re.sub(r"\\(.)", r"\1", token[1:-1])


def _flag(term: str, sign: str, wanted: str) -> Test:
    if sign not in ("=", "!=") or wanted not in ("true", "false"):
        raise _unreadable()
    return lambda file: COMPARISONS[sign](bool(file.shown[term]), wanted == "true")


def _word(term: str, sign: str, wanted: str) -> Test:
    if sign == "contains":  # matches the beginnings of words only
        pattern = re.compile(r"(?<!\w)" + re.escape(wanted), re.IGNORECASE)
        return lambda file: pattern.search(file.metadata[term]) is not None
    if sign not in ("=", "!="):
        raise _unreadable()
    return lambda file: COMPARISONS[sign](file.metadata[term], wanted)


def _time(term: str, sign: str, wanted: str) -> Test:
    if sign not in COMPARISONS:
        raise _unreadable()
    moment = _moment(wanted)
    return lambda file: COMPARISONS[sign](_moment(file.metadata[term]), moment)


def _moment(rfc3339: str) -> datetime:
    """The default zone is UTC."""
    try:
        moment = datetime.fromisoformat(rfc3339)
    except ValueError:
        raise _unreadable() from None
    return moment if moment.tzinfo else moment.replace(tzinfo=timezone.utc)
