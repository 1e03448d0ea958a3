"""From a sighting's stamp to all screens: play the edges, watch both ends, tell where time goes."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from edges import Edges, Part, Targets
from feed import Feed
from screens import Screens

from system import System, wait_for

SECTOR_ID = "test"
#: What the last envelopes brought may be on its way when the screens close.
_LAST_S = 1.0


@dataclass(frozen=True, kw_only=True)
class Run:
    """What was measured after the warm-up, envelope by envelope (seconds)."""

    envelopes: np.ndarray  # (n, 4): stamp, begun to send, answered, items
    begun: np.ndarray  # the commit's cycle began
    told: np.ndarray  # the feed had it
    first: np.ndarray  # the first screen had it
    last: np.ndarray  # the last screen had it
    seconds: float
    deliveries: int
    cpu_s: dict[str, float]
    rss_mb: float

    @property
    def sending_s(self) -> float:
        """The time over which the measured envelopes were sent."""
        return self.seconds - _LAST_S

    def stages(self) -> dict[str, np.ndarray]:
        """Milliseconds of each stage, one after the other from stamp to last screen."""
        moments = {
            "sent": self.envelopes[:, 1],
            "waits": self.begun,
            "commits": self.told,
            "reaches the first screen": self.first,
            "reaches the last screen": self.last,
        }
        before = self.envelopes[:, 0]
        made = {}
        for name, moment in moments.items():
            made[name] = (moment - before) * 1000
            before = moment
        return made

    def print_stages(self) -> None:
        """A table of the stages."""
        print(f"{'ms':<28}{'p50':>8}{'p99':>8}")
        for name, ms in [*self.stages().items(), ("answered (beside)", self.answered())]:
            print(f"{name:<28}{np.percentile(ms, 50):>8.1f}{np.percentile(ms, 99):>8.1f}")

    def answered(self) -> np.ndarray:
        """Milliseconds from an envelope's leaving to its receipt."""
        return (self.envelopes[:, 2] - self.envelopes[:, 1]) * 1000


def measure(
    system: System,
    sector: dict[str, Any],
    parts: list[Part],
    targets: Targets,
    *,
    clients: int,
    warm_s: float,
    seconds: float,
    prepare: Callable[[], None] = lambda: None,
) -> Run:
    """Start worker and hub, open the screens, let the edges play; what came of each envelope."""
    sector = sector | {"edges": [{"id": part.edge, "key": part.public_key} for part in parts]}
    system.import_sector(sector)
    prepare()
    system.serve()
    wait_for("the writer", lambda: "sector.held" in system.log("worker"))
    edges = Edges(system.worker_port, parts, targets, warm_s + seconds)
    client = system.login()
    cookie = "; ".join(f"{name}={value}" for name, value in client.cookies.items())
    edges.ready()
    ((token,),) = system.query("SELECT owner_token FROM sector")
    feed = Feed(system.worker, SECTOR_ID, token)
    screens = Screens(system.hub_port, SECTOR_ID, cookie, clients)
    edges.go()
    time.sleep(warm_s)
    names = ("worker", "hub")
    before, from_s = {name: _cpu_s(system.processes[name].pid) for name in names}, time.time()
    time.sleep(seconds)
    cpu_s = {name: _cpu_s(system.processes[name].pid) - before[name] for name in names}
    until_s = time.time()
    rss_mb = sum(_rss_mb(system.processes[name].pid) for name in names)
    sent = edges.sent()
    told = feed.close()
    seen = screens.close()
    sent = sent[(sent[:, 0] >= from_s) & (sent[:, 0] < until_s - _LAST_S)]
    at_ms = (sent[:, 0] * 1e6).round().astype(np.int64) // 1000
    frames = np.searchsorted(told[:, 0], at_ms)
    assert frames.max() < len(told), "not all was told"
    reached = np.array([[screen.first(ms) for screen in seen] for ms in at_ms])
    missing = int((~np.isfinite(reached)).any(axis=1).sum())
    assert not missing, f"{missing} envelopes never arrived"
    return Run(
        envelopes=sent,
        begun=told[frames, 1],
        told=told[frames, 2],
        first=reached.min(axis=1),
        last=reached.max(axis=1),
        seconds=until_s - from_s,
        deliveries=sum(int(((s.moments >= from_s) & (s.moments < until_s)).sum()) for s in seen),
        cpu_s=cpu_s,
        rss_mb=rss_mb,
    )


def _cpu_s(pid: int) -> float:
    """User and system time of a process (proc(5), fields 14 and 15, in ticks of 10 ms)."""
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / 100


def _rss_mb(pid: int) -> float:
    text = Path(f"/proc/{pid}/status").read_text()
    return int(text.split("VmRSS:")[1].split()[0]) / 1024
