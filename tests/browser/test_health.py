"""How the system itself fares, as a coordinator sees it: banners, edges, their gaps."""

import contextlib
import os
import signal
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import httpx2
import msgspec
import pytest
from console import DESKTOP, PHONE, Console, chromium
from playwright.sync_api import expect

from plain_sector import SECTOR
from system import PASSWORD, EdgeDouble, System, wait_for
from watchline_sensors.contract import Health, SensorInfo, encode_envelope

pytestmark = [pytest.mark.browser, pytest.mark.slow]

LONG = "edge-computer-of-the-northern-observation-tower-at-kilometre-31"


@pytest.fixture
def system(cluster, database, tmp_path: Path) -> Iterator[System]:
    """One edge that was heard and has gaps of each kind, and one that never was."""
    made = System(cluster=cluster, database=database.name, folder=tmp_path)
    stop = threading.Event()
    try:
        made.import_sector({**SECTOR, "sector": {**SECTOR["sector"], "name": "Відтинок «Північ»"}})
        edge = EdgeDouble(made, LONG)
        made.enroll(LONG, "test", edge.public_key)
        made.enroll("edge-b", "test", EdgeDouble(made, "edge-b").public_key)
        made.serve()
        made.login().close()
        wait_for("the writer", lambda: edge.post(encode_envelope(edge.envelope())).is_success)
        info = SensorInfo(
            sensor="radar",
            at_us=1_700_000_000_000_000,
            kind="radar",
            name="Радар на дуже високій вежі поблизу села Великі Очі",
            lon_deg=24.0,
            lat_deg=50.5,
            height_m=200.0,
        )
        now_us = time.time_ns() // 1000
        edge.send(info)
        edge.send(msgspec.structs.replace(beat(now_us), sensor="unknown"), beat(now_us))
        edge.seq += 200  # never sent
        edge.send(beat(now_us))
        edge.send(lost=[(150, 161)])
        wait_for("all of it", lambda: made.query("SELECT lost FROM ledger") == [(11,)])
        with made.connect() as owner:
            owner.execute("UPDATE ledger_mark SET known_at = known_at - interval '47 minutes'")

        def live() -> None:
            while not stop.wait(0.5):
                # The worker may be stopped just then.
                with contextlib.suppress(httpx2.HTTPError):
                    edge.post(encode_envelope(edge.envelope()))

        thread = threading.Thread(target=live)
        thread.start()
        try:
            yield made
        finally:
            stop.set()
            thread.join()
    finally:
        made.stop()


def beat(at_us: int) -> Health:
    return Health(sensor="radar", at_us=at_us, state="ok")


def test_what_is_wrong_with_the_system_is_seen_and_explained(system: System, tmp_path: Path):
    with chromium() as browser, Console(browser, system.hub, size=DESKTOP) as desk:
        desk.login("administrator", PASSWORD)
        desk.wait_live(timeout_ms=150_000)
        expect(desk.page.locator('.banner[data-code="edge.missing"]')).to_contain_text(LONG)

        # From the keyboard to the edge's books and every gap in them.
        desk.page.keyboard.press("5")
        row = desk.page.locator(f'[data-edge="{LONG}"]')
        expect(row).to_have_attribute("data-state", "connected")
        expect(desk.page.locator('[data-edge="edge-b"]')).to_have_attribute(
            "data-state", "never_heard"
        )
        desk.page.get_by_role("grid").focus()
        for _ in range(3):
            if desk.page.locator(f".card h2:has-text('{LONG}')").count():
                break
            desk.page.keyboard.press("ArrowDown")
            desk.page.keyboard.press("Enter")
        expect(desk.page.locator('.card[data-kind="edge"] h2')).to_have_text(LONG)
        gaps = desk.page.locator(".gaps [data-gap]")
        expect(gaps).to_have_count(4)
        kinds = [gap.get_attribute("data-gap") for gap in gaps.all()]
        assert sorted(str(kind) for kind in kinds) == ["lost", "missing", "missing", "quarantined"]
        desk.screenshot(tmp_path / "health.png")
        assert desk.accessibility_faults() == []
        desk.page.keyboard.press("Escape")
        desk.page.locator('[data-edge="edge-b"]').click()
        expect(desk.page.locator('.card[data-kind="edge"]')).to_contain_text("No gaps")

        # A stopped worker is on the screen within 15 s, whatever the list that is open.
        worker = system.processes["worker"].pid
        os.kill(worker, signal.SIGSTOP)
        try:
            begun = time.monotonic()
            stopped = desk.page.locator('.banner[data-code="worker.stopped"]')
            expect(stopped).to_be_visible(timeout=15_000)
            print(f"on the screen after {time.monotonic() - begun:.1f} s")
            desk.screenshot(tmp_path / "health-stopped.png")
        finally:
            os.kill(worker, signal.SIGCONT)
        expect(stopped).to_be_hidden()
        desk.assert_no_foreign_requests()
        desk.assert_no_errors()

    with chromium() as browser, Console(browser, system.hub, size=PHONE, language="uk") as phone:
        phone.login("administrator", PASSWORD)
        phone.wait_live(timeout_ms=150_000)
        phone.panel("health")
        phone.page.locator(f'[data-edge="{LONG}"]').wait_for()
        phone.screenshot(tmp_path / "health-phone.png")
        phone.assert_fits()
        phone.page.locator(f'[data-edge="{LONG}"]').click()
        expect(phone.page.locator(".gaps [data-gap]")).to_have_count(4)
        phone.screenshot(tmp_path / "health-phone-card.png")
        phone.assert_fits()
        phone.assert_no_foreign_requests()
        phone.assert_no_errors()
