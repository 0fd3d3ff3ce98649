"""Production installs what production imports, and no more."""

import ast
import re
import sys
import tomllib
from collections.abc import Iterator
from importlib.metadata import packages_distributions
from pathlib import Path

import bot

PROJECT = Path(bot.__file__).parents[1]
OURS = ("bot", "cogs", "config", "services")
LOADED_BY_NAME = {
    "aiosqlite": "SQLAlchemy's url names it",
    "deno": "yt-dlp starts it",
    "tzdata": "zoneinfo reads it where the system has none",
}
TOML = tomllib.loads((PROJECT / "pyproject.toml").read_text())


def name_of(requirement: str) -> str:
    return re.sub(r"[-_.]+", "-", re.split(r"[^\w.-]", requirement, maxsplit=1)[0]).lower()


def imported() -> Iterator[str]:
    """Yield the top-level module of every import in production."""
    for part in OURS:
        for file in (PROJECT / part).rglob("*.py"):
            for node in ast.walk(ast.parse(file.read_text())):
                if isinstance(node, ast.Import):
                    yield from (alias.name.split(".")[0] for alias in node.names)
                elif isinstance(node, ast.ImportFrom) and node.level == 0:
                    yield str(node.module).split(".")[0]


DIRECT = {name_of(requirement) for requirement in TOML["project"]["dependencies"]}
INSTALLED = {
    name_of(line) for line in (PROJECT / "requirements.txt").read_text().splitlines() if line and line[0] not in " #"
}


def test_each_dependency_is_imported_or_has_its_reason() -> None:
    strangers = set(imported()) - sys.stdlib_module_names - set(OURS)
    owners = packages_distributions()
    used = {name_of(owner) for module in strangers for owner in owners[module]}

    assert used & DIRECT | LOADED_BY_NAME.keys() == DIRECT
    assert all({name_of(owner) for owner in owners[module]} & INSTALLED for module in strangers)


def test_what_only_demo_tests_and_benchmarks_need_is_not_installed() -> None:
    for_developers = {name_of(requirement) for group in TOML["dependency-groups"].values() for requirement in group}
    models = re.findall(r"^[\w.-]+", (PROJECT / "requirements-model.txt").read_text(), re.MULTILINE)

    assert DIRECT <= INSTALLED
    assert not INSTALLED & (for_developers | set(map(name_of, models)))
