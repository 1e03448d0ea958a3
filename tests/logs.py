"""What must not stand in a log: places, passwords, and lines that no program can read."""

import json
import re
from pathlib import Path

#: 0.0001 degrees are 11 m; durations and counts are written with fewer digits.
_PLACE = re.compile(r"(?<![\d.:T])-?\d{1,3}\.\d{4,}")
_GEOMETRY = re.compile(r"010\d0000[2A-E]0E6100000|\b(POINT|POLYGON) ?\(", re.IGNORECASE)
_LOGIN = re.compile(r"://[^\s:/@]*:(?!\*\*\*@)[^\s@/]+@")


def check(folder: Path, *secrets: str) -> None:
    """Every *.log of the folder: no place, no password, and of hub and worker JSON alone."""
    for path in sorted(folder.glob("*.log")):
        for line in path.read_text(errors="replace").splitlines():
            wrong = faults(line, *secrets)
            if path.stem in ("hub", "worker"):
                wrong += [] if _is_event(line) else ["no event"]
            assert not wrong, f"{path.name}: {wrong} in {line[:500]}"


def faults(line: str, *secrets: str) -> list[str]:
    """What is wrong with a line."""
    told = re.sub(r'"timestamp": ?"[^"]*"', "", line)
    found = [kind for kind, form in _FORMS.items() if form.search(told)]
    return found + ["secret" for secret in secrets if secret in line]


_FORMS = {"place": _PLACE, "geometry": _GEOMETRY, "login": _LOGIN}


def _is_event(line: str) -> bool:
    try:
        event = json.loads(line)
    except json.JSONDecodeError:
        return False
    return isinstance(event, dict) and {"event", "level", "timestamp"} <= set(event)
