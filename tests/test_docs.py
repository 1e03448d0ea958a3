"""The documents say what is so: commands, settings and files that they name are there."""

import os
import re
import shlex
import subprocess
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from commands import parse
from watchline.settings import Settings

ROOT = Path(__file__).resolve().parent.parent
OPERATE = ROOT / "docs/howto/operate.md"
DOCUMENTS = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), *ROOT.glob("sensors/*.md")])


def _command_lines() -> list[str]:
    blocks = re.findall(r"```sh\n(.*?)```", OPERATE.read_text(), re.DOTALL)
    assert len(blocks) > 5
    return [line for block in blocks for line in block.splitlines() if line]


@pytest.mark.parametrize("line", _command_lines())
def test_a_command_of_the_manual_is_one(line: str) -> None:
    done = subprocess.run(["sh", "-n"], input=line, text=True, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr
    words = [word for word in shlex.split(line) if not re.match(r"[A-Z_]+=", word)]
    for inner in re.findall(r"\$\((.*?)\)", line):
        parse(shlex.split(inner)[0], shlex.split(inner)[1:])
    if words[0] in ("watchline", "watchline-edge"):
        parse(words[0], words[1:])
    elif words[:2] == ["python", "-m"]:
        assert (ROOT / "backend" / f"{words[2].replace('.', '/')}.py").exists()
    elif words[0] != "export":
        assert words[0] in ("python3", "venv/bin/pip", "curl", "psql"), line


def test_the_table_of_settings_is_the_programs(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith("WATCHLINE_")]:
        monkeypatch.delenv(name)
    rows = re.findall(r"^\| `(WATCHLINE_\w+)` \|([^|]*)\|", OPERATE.read_text(), re.MULTILINE)
    told = {name: default.strip().strip("`") for name, default in rows}
    assert told == {
        f"WATCHLINE_{concern}_{field}".upper(): _text(value)
        for concern, group in Settings()
        for field, value in group
    }


def _text(default: Any) -> str:
    if default is None or isinstance(default, SecretStr):
        return ""
    return f"{default:g}" if isinstance(default, float) else str(default)


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_links_lead_somewhere(path: Path) -> None:
    for target in re.findall(r"\]\(([^)#]+)[^)]*\)", path.read_text()):
        if not target.startswith(("http:", "https:")):
            assert (path.parent / target).exists(), target


def test_every_variable_that_a_document_names_is_a_setting() -> None:
    known = {f"WATCHLINE_{c}_{f}".upper() for c, group in Settings() for f, _ in group}
    for path in (*DOCUMENTS, ROOT / "compose.yaml"):
        for name in re.findall(r"\bWATCHLINE_[A-Z_]+[A-Z]\b", path.read_text()):
            assert name in known | {"WATCHLINE_PG_BIN", "WATCHLINE_DB_PASSWORD"}, (path.name, name)
