"""The store of docs/add-a-store.md, added as the page says, to the system of docs/add-a-system.md."""

from __future__ import annotations

import re
from pathlib import Path

from paths import ROOT
from tests.unit.docs.reading import text_of

PAGE = ROOT / "docs" / "add-a-store.md"
# A file that the page has whole: its name ends the line before the block.
_FILE = re.compile(r"^(?:[^\n]*page: )?`(?P<path>[\w./-]+)`:\n\n```\w+\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL)
_IN_LIST = re.compile(r"an import and a line of the list:\n\n```python\n(?P<first>.*)\n(?P<second>.*)\n```")
_KINDS = re.compile(r"says so in its facts:\n\n```python\n(?P<first>.*)\n\n(?P<kinds>KINDS = .*?)```", re.DOTALL)
_IN_SYSTEM = re.compile(
    r"a service that uses one of them:\n\n```python\n(?P<first>.*)\n(?P<uses>.*)\n(?P<stores>.*)\n```"
)


def files() -> dict[str, str]:
    """The page's files, by path."""
    return {match["path"]: match["text"] for match in _FILE.finditer(text_of(PAGE))}


def add(folder: Path) -> None:
    """Do what the page says, in a copy of the program that has the system of the other page."""
    for path, text in files().items():
        file = folder / path
        file.parent.mkdir(exist_ok=True)
        # What is there already is added to.
        before = file.read_text(encoding="utf-8") if file.exists() else ""
        file.write_text(before + text, encoding="utf-8")
    (folder / "components" / "stores" / "nats" / "__init__.py").touch()
    _list(folder / "components" / "stores" / "store_list.py")
    _use(folder / "stacks" / "systems" / "invoices.py")


def _list(file: Path) -> None:
    found = _IN_LIST.search(text_of(PAGE))
    assert found, "the lines of the list have moved"
    text = _imported(file.read_text(encoding="utf-8"), found["first"])
    before, last, after = text.partition("\n)\n")
    file.write_text(f"{before}\n{found['second']}{last}{after}", encoding="utf-8")


def run_by_an_operator(folder: Path, stage: str) -> None:
    """Give it the kind of the page's last section, and a stage of the sandbox."""
    found = _KINDS.search(text_of(PAGE))
    assert found, "the kinds have moved"
    file = folder / "components" / "stores" / "nats" / "facts.py"
    text = _imported(file.read_text(encoding="utf-8"), found["first"])
    text = text.replace("FACTS = StoreFacts(\n", f"{found['kinds']}\n\nFACTS = StoreFacts(\n    kinds=KINDS,\n")
    file.write_text(text, encoding="utf-8")
    (file.parent / "stages.yaml").write_text(stage, encoding="utf-8")


def _use(file: Path) -> None:
    found = _IN_SYSTEM.search(text_of(PAGE))
    assert found, "the lines of the system have moved"
    text = _imported(file.read_text(encoding="utf-8"), found["first"])
    for start in ("uses", "stores"):
        line = found[start]
        begin = re.escape(line[: line.index(start) + len(start)])
        text, number = re.subn(rf"^{begin}.*$", line, text, flags=re.MULTILINE)
        assert number == 1, line
    file.write_text(text, encoding="utf-8")


def _imported(text: str, line: str) -> str:
    """The module with another import before its first of the program's own."""
    return text.replace("from components.", f"{line}\nfrom components.", 1)
