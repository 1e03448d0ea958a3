"""The coordinator's way in a real browser: an alarm comes, is acknowledged and resolved."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from console import DESKTOP, PHONE, Console, chromium

from scenario import Play
from system import PASSWORD, System

pytestmark = [pytest.mark.browser, pytest.mark.slow]


@pytest.fixture
def play(cluster, database, tmp_path: Path) -> Iterator[Play]:
    """The short scenario, running."""
    system = System(cluster=cluster, database=database.name, folder=tmp_path)
    try:
        made = Play.prepare(system, "crossing")
        made.start()
        system.login().close()
        made.radars()
        yield made
    finally:
        system.stop()


def test_an_alarm_is_seen_acknowledged_and_resolved(play: Play, tmp_path: Path) -> None:
    with (
        chromium() as browser,
        Console(browser, play.system.hub, size=DESKTOP) as desk,
        Console(browser, play.system.hub, size=PHONE) as phone,
    ):
        desk.login("administrator", PASSWORD)
        desk.wait_live()
        phone.login("administrator", PASSWORD)
        phone.wait_live()
        phone.show("list")
        no = desk.wait_for_alarm()
        desk.acknowledge(no)
        desk.screenshot(tmp_path / "console.png")
        # The other screen hears of it without asking.
        phone.alarm_row(no).wait_for(timeout=120_000)
        phone.page.wait_for_function(
            "no => document.querySelector(`[data-alarm='${no}']`)?.dataset.status"
            " === 'acknowledged'",
            arg=no,
        )
        phone.screenshot(tmp_path / "phone.png")
        phone.assert_fits()
        desk.resolve(no, "nuisance_animal", "A deer, seen on the thermal picture.")
        desk.reopen(no)
        desk.resolve(no, "genuine_crossing")
        for screen in (desk, phone):
            screen.assert_no_foreign_requests()
            screen.assert_no_errors()
    assert play.system.query(
        """SELECT status, disposition, (SELECT array_agg(kind ORDER BY e.no) FROM incident_event e
            WHERE e.incident_id = incident.id AND e.actor <> 'machine')
             FROM incident WHERE no = %s""",
        no,
    ) == [
        (
            "resolved",
            "genuine_crossing",
            ["acknowledged", "resolved", "reopened", "resolved"],
        )
    ]
