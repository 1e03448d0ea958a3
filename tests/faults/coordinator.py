"""A patrol coordinator who works on the incidents of the march while everything is being killed.

What is asked goes on until it is known to be done: after an unknown outcome the incident's file is
read first, as a person would look before asking again.
"""

import contextlib
import itertools
import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import httpx2

from faults.line import Line

#: So many of those that wait are worked on one by one, before the rest is resolved at once.
_BY_HAND = 2
#: So many at once: each keeps the sector waiting.
_AT_ONCE = 25
#: An incident is resolved no earlier than this after its last finding was known: nothing follows.
_SETTLED_S = 5.0


@dataclass
class Coordinator:
    """A thread of verbs; `done` holds each that was confirmed: (incident, event kind, words).

    `complete` says of an incident as the list shows it whether nobody can join it any more.
    """

    line: Line
    client: httpx2.Client
    complete: Callable[[dict[str, Any]], bool]
    done: Counter[tuple[str, str, str]] = field(default_factory=Counter)
    refused: Counter[str] = field(default_factory=Counter)
    doubted: int = 0
    _numbers: Any = field(default_factory=lambda: itertools.count(1))
    _stop: threading.Event = field(default_factory=threading.Event)

    def start(self) -> None:
        """Begin."""
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Finish what is begun."""
        self._stop.set()
        self._thread.join(timeout=120)
        assert not self._thread.is_alive(), "the coordinator hangs"

    def _run(self) -> None:
        while not self._stop.wait(0.2):
            try:
                answer = self.client.get("/api/sectors/test/incidents?limit=1000")
                answer.raise_for_status()
            except httpx2.HTTPError:
                continue
            self._work([one for one in answer.json() if one["status"] == "new"])

    def _work(self, waiting: list[dict[str, Any]]) -> None:
        for one in waiting[:_BY_HAND]:
            number = next(self._numbers)
            id = one["id"]
            self._do(id, "acknowledged", "", "acknowledge", {})
            self._do(id, "noted", f"note {number}", "note", {"note": f"note {number}"})
            if number % 3 == 0:
                reason = f"sleep {number}"
                self._do(id, "snoozed", reason, "snooze", {"seconds": 3600, "reason": reason})
            if number % 2 == 0 and self._is_over(one):
                said = {"disposition": "nuisance_civilian", "note": f"end {number}"}
                self._do(id, "resolved", f"end {number}", "resolve", said)
        over = [one["id"] for one in waiting[_BY_HAND:] if self._is_over(one)][:_AT_ONCE]
        if over:
            self._resolve_all(over, f"all {next(self._numbers)}")

    def _is_over(self, one: dict[str, Any]) -> bool:
        known = time.time() - _seconds(one["known_at"])
        return self.complete(one) and known > _SETTLED_S

    def _do(self, id: str, kind: str, words: str, verb: str, body: dict[str, Any]) -> None:
        """Until it stands in the incident's file, once."""
        while True:
            with contextlib.suppress(httpx2.HTTPError):
                answer = self.client.post(f"/api/incidents/{id}/{verb}", json=body)
                if answer.is_success:
                    break
                if answer.status_code < 500:
                    self.refused[f"{verb} {answer.json()['code']}"] += 1
                    return
            self.doubted += 1
            if self._stands(id, kind, words):
                break
        self.done[id, kind, words] += 1

    def _resolve_all(self, ids: list[str], words: str) -> None:
        body = {"ids": ids, "disposition": "no_target", "note": words}
        while True:
            with contextlib.suppress(httpx2.HTTPError):
                answer = self.client.post("/api/sectors/test/incidents/resolve", json=body)
                if answer.is_success:
                    ids = [id for id in ids if id not in answer.json()["refused"]]
                    break
            self.doubted += 1
            if self._stands(ids[0], "resolved", words):
                break
        for id in ids:
            self.done[id, "resolved", words] += 1

    def _stands(self, id: str, kind: str, words: str) -> bool:
        """Whether the file has it; asks until there is an answer."""
        while True:
            time.sleep(0.3)  # a COMMIT that was on its way has arrived
            with contextlib.suppress(httpx2.HTTPError):
                answer = self.client.get(f"/api/incidents/{id}")
                if answer.is_success:
                    return any(
                        event["kind"] == kind and _words(event["detail"]) == words
                        for event in answer.json()["events"]
                    )


def written(line: Line) -> Counter[tuple[str, str, str]]:
    """Every event of a person: (incident, kind, words)."""
    rows = line.query(
        "SELECT incident_id::text, kind, detail FROM incident_event WHERE actor <> 'machine'"
    )
    return Counter((id, kind, _words(detail)) for id, kind, detail in rows)


def _words(detail: dict[str, Any]) -> str:
    return str(detail.get("note") or detail.get("reason") or "")


def _seconds(at: str) -> float:
    return datetime.fromisoformat(at).timestamp()
