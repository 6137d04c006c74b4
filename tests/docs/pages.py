"""The pages of the project, and what stands in them."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from pathlib import Path, PurePath

PROJECT = Path(__file__).resolve().parents[2]
DOCS = PROJECT / "docs"

PAGES = (
    PROJECT / "README.md",
    PROJECT / "CHANGELOG.md",
    PROJECT / ".alfred-example" / "README.md",
    PROJECT / "bench" / "README.md",
    *sorted(DOCS.rglob("*.md")),
)

_FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_CODE_SPAN = re.compile(r"`([^`\n]+)`")
_REDIRECTION = re.compile(r"\d?>+\s*\S+")


def name_of(page: Path) -> str:
    return page.relative_to(PROJECT).as_posix()


def text_of(page: Path | str) -> str:
    return (PROJECT / page).read_text(encoding="utf-8")


def fences(text: str, language: str | None = None) -> list[str]:
    """Return the fenced blocks, all or those of one language."""
    return [match[2] for match in _FENCE.finditer(text) if language in (None, match[1])]


def without_fences(text: str) -> str:
    return _FENCE.sub("", text)


def code_spans(text: str) -> list[str]:
    """Return what stands between single back quotes."""
    return _CODE_SPAN.findall(without_fences(text))


def section(text: str, heading: str) -> str:
    """Return a section, from its heading to the next one of the same level."""
    level = heading.partition(" ")[0]
    start = text.index(f"{heading}\n") + len(heading)
    end = re.search(rf"^{level} ", text[start:], re.MULTILINE)
    return text[start : start + end.start()] if end else text[start:]


def table(text: str, first_heading: str) -> list[list[str]]:
    """Return the rows of the first table whose first column has this heading."""
    rows: list[list[str]] = []
    inside = False
    for line in text.splitlines():
        cells = [cell.strip() for cell in line.strip().strip("|").split(" | ")]
        if line.startswith("|") and not inside and cells[0].strip("| ") == first_heading:
            inside = True
        elif inside and not line.startswith("|"):
            break
        elif inside and not line.startswith("| ---"):
            rows.append(cells)
    return rows


def names_in(cell: str) -> list[str]:
    """Return the code spans of a cell."""
    return _CODE_SPAN.findall(cell)


def alfred_calls(block: str) -> Iterator[list[str]]:
    """Yield the arguments of each call of ``alfred`` in lines of shell; those without any are left out.

    Where some lines begin with a prompt, all others are output.
    """
    lines = block.splitlines()
    typed = [line for line in lines if line.startswith("$ ")]
    for line in typed or lines:
        plain = _REDIRECTION.sub("", line.removeprefix("$ "))
        if "alfred" not in plain or plain.startswith("#"):
            continue
        lexer = shlex.shlex(plain, posix=True, punctuation_chars=True)
        lexer.whitespace_split = True
        call: list[str] | None = None
        for word in [*lexer, ";"]:
            if set(word) <= set("();<>|&"):
                if call:
                    yield call
                call = None
            elif call is not None:
                call.append(word)
            elif PurePath(word).name == "alfred":
                call = []
