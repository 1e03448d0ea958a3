"""What goes wrong with real processes is told in time."""

import os
import re
import signal
import time

import httpx2
import pytest

from system import wait_for
from watchline.db import roles

pytestmark = [pytest.mark.flow, pytest.mark.slow]


def until_told(browser: httpx2.Client, code: str, seconds: float) -> dict:
    """The alarm, once the hub tells it; the seconds it took are printed."""
    begun = time.monotonic()
    (alarm,) = wait_for(
        code,
        lambda: [a for a in browser.get("/api/health").json() if a["code"] == code],
        seconds,
    )
    print(f"{code} after {time.monotonic() - begun:.1f} s")
    return alarm


def test_a_stopped_worker_an_idle_transaction_and_a_silent_edge_are_told(system, edge):
    browser = system.login()
    metrics = browser.get("/metrics").text
    assert 'watchline_writer_up{sector="test"} 1.0' in metrics
    assert 'watchline_ledger_items{edge="edge-a",kind="other"} 1.0' in metrics
    commits = re.search(r'watchline_commits_total{sector="test"} (.+)', metrics)
    assert commits and float(commits[1]) >= 1
    worker = system.processes["worker"].pid
    with system.cluster.connect("postgres", "super") as admin:
        roles.ensure_database(admin, system.database)  # a copied database has no settings
    os.kill(worker, signal.SIGSTOP)
    try:
        assert until_told(browser, "worker.stopped", 15)["sector"] == "test"
    finally:
        os.kill(worker, signal.SIGCONT)

    # The edge says nothing from here on; the worker's pause does not count as its silence.
    edge.send()
    wait_for("quiet", lambda: browser.get("/api/health").json() == [])
    with system.cluster.connect(system.database, "owner", autocommit=False) as idle:
        idle.execute("SELECT 1")
        assert until_told(browser, "edge.silent", 15)["severity"] == "warning"
        alarm = until_told(browser, "database.idle_transaction", 15)
        assert alarm["params"]["pid"] == idle.info.backend_pid
        assert idle.execute("SHOW idle_in_transaction_session_timeout").fetchone() == ("1min",)
    alarm = until_told(browser, "edge.offline", 45)
    assert (alarm["severity"], alarm["params"]) == ("critical", {"edge": "edge-a"})
    edge.send()
    wait_for("quiet", lambda: browser.get("/api/health").json() == [])
