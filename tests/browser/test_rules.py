"""Rules as a coordinator makes, tries and questions them, over a stored walk."""

import json
import os
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from uuid import UUID

import pytest
from console import DESKTOP, PHONE, Console, chromium
from playwright.sync_api import Locator, expect

from plain_sector import ORIGIN, SECTOR, lon_lat
from raised import TRACKS, finding_of, raise_in
from stored_walk import store_walk
from system import PASSWORD, System
from watchline.rules import suppressed

pytestmark = [pytest.mark.browser, pytest.mark.slow]

#: What each kind must be told beside its presets, by the field's name.
NEEDS: dict[str, dict[str, str]] = {
    "enter": {},
    "exit": {},
    "dwell": {"seconds": "120"},
    "sequence": {"within_s": "600"},
    "count": {"tracks": "3", "within_s": "60"},
    "speed": {"least_mps": "18"},
    "proximity": {"metres": "30"},
    "absence": {"seconds": "3600"},
    "sensor_offline": {},
    "motionless_in_cold": {},
    "cross": {},
    "approach": {},
}
#: A rule that the walk is too short for.
STRICT = {
    "id": "meadow-strict",
    "name": "Somebody well known in the meadow",
    "kind": "enter",
    "geofence_id": "meadow",
    "severity": "medium",
    "params": {"min_hits": 500},
}
GEOFENCES: list[dict[str, Any]] = [
    {
        "id": "ford",
        "name": "Ford",
        "kind": "area",
        "geom": {"type": "Circle", "coordinates": lon_lat(900, -500), "radius_m": 250},
        "rules": [],
        "schedule": {
            "weekly": [{"day": day, "start": "20:00", "end": "06:00"} for day in range(5)],
            "light": ["twilight", "dark"],
        },
    },
    {
        "id": "track-way",
        "name": "Track way",
        "kind": "area",
        "geom": {
            "type": "Corridor",
            "coordinates": [lon_lat(-1200, -700), lon_lat(-500, -400), lon_lat(-300, 300)],
            "left_m": 60,
            "right_m": 30,
        },
        "rules": [],
    },
    {
        "id": "reeds",
        "name": "Reeds",
        "kind": "area",
        "purpose": "exclusion",
        "geom": {"type": "Circle", "coordinates": lon_lat(1100, 300), "radius_m": 150},
    },
    {
        "id": "old-ditch",
        "name": "Old ditch",
        "kind": "line",
        "geom": {"type": "LineString", "coordinates": [lon_lat(-900, 900), lon_lat(900, 900)]},
        "rules": [],
    },
]


@pytest.fixture
def system(cluster, database, tmp_path: Path) -> Iterator[System]:
    """A running system that knows of a walk through the meadow and over the ditch."""
    made = System(cluster=cluster, database=database.name, folder=tmp_path)
    try:
        made.import_sector({**SECTOR, "rules": [*SECTOR["rules"], STRICT]})
        border = tmp_path / "border.geojson"
        border.write_text(json.dumps(BORDER))
        made.run("watchline", "sector", "border", str(border), "--sector", "test")
        walked(database)
        kept_back(database)
        made.serve()
        admin = made.login()
        for geofence in GEOFENCES:
            answer = admin.post("/api/sectors/test/geofences", json=geofence)
            assert answer.status_code == 201, answer.text
        admin.close()
        yield made
    finally:
        made.stop()


#: A metre-true line west to east with a pillar each kilometre.
BORDER = {
    "type": "FeatureCollection",
    "features": [
        {
            "type": "Feature",
            "properties": {},
            "geometry": {
                "type": "LineString",
                "coordinates": [lon_lat(-3000, 800), lon_lat(3000, 800)],
            },
        },
        *(
            {
                "type": "Feature",
                "properties": {"pillar": str(809 + k), "chainage_m": 28_000 + 1000 * k},
                "geometry": {"type": "Point", "coordinates": lon_lat(-3000 + 1000 * k, 800)},
            }
            for k in range(7)
        ),
    ],
}


def walked(database: Any) -> None:
    """Northwards at 48 m/s two minutes ago, a plot a second, and the alarms that it raised."""
    start = datetime.now(UTC).replace(microsecond=0) - timedelta(minutes=2)
    at_us = round(start.timestamp() * 1e6)

    def execute(statement: str, *values: Any) -> None:
        with database.connect("owner") as connection:
            connection.execute(statement, values)

    # What is to be judged by was in force then.
    for table in ("geofence", "rule"):
        execute(f"UPDATE {table} SET valid_from = valid_from - interval '1 hour'")
    places = [(3.0 * (s % 2), -350.0 + 48.0 * s) for s in range(22)]
    track = store_walk(SimpleNamespace(execute=execute, database=database), places, start)
    raise_in(database, 1, [finding_of(track.bytes, at_us + 4_000_000)])
    crossed = {
        "direction": "right_to_left",
        "segment": 0,
        "cuts": 1,
        "before": {"at_us": at_us + 19_000_000, "p": 0.9999},
        "after": {"at_us": at_us + 20_000_000, "p": 0.9999},
        "sensors": [1],
        "hits": 21,
    }
    ditch = {"rule_id": "ditch-cross", "kind": "cross", "geofence_id": "ditch"}
    cross = finding_of(
        track.bytes, at_us + 19_792_000, severity="very_high", evidence=crossed, **ditch
    )
    raise_in(database, 2, [cross])


def kept_back(database: Any) -> None:
    """Our own patrol in the meadow, as the worker keeps it."""
    at_us = time.time_ns() // 1000 - 600_000_000
    found = finding_of(
        UUID(TRACKS[0]).bytes,
        at_us,
        track_no=1,
        suppressed="friendly",
        evidence={"p": 0.97, "friendly": {"unit": "Alfa-2", "p": 0.94}, "hits": 9},
    )
    with database.connect("ingest", autocommit=False) as connection:
        suppressed.put(connection, "test", at_us, [(UUID(TRACKS[1]), found)], lambda x, y: ORIGIN)
        connection.commit()


def test_rules_are_made_tried_and_questioned(system: System, tmp_path: Path) -> None:
    pictures = Path(os.environ.get("WATCHLINE_PICTURES", tmp_path))
    with chromium() as browser:
        with Console(browser, system.hub, size=DESKTOP) as desk:
            desk.login("administrator", PASSWORD)
            desk.wait_live()
            every_kind_is_made(desk, pictures)
            refused_at_its_place(desk, pictures)
            switched_off_and_ended(desk)
            tried_on_the_past(desk, pictures)
            questioned(desk, pictures)
            deleted_with_its_rules(desk, pictures)
            not_raised(desk, pictures)
            paused(desk, pictures)
            as_it_should_be(desk)
        with Console(browser, system.hub, size=PHONE, language="uk") as phone:
            phone.login("administrator", PASSWORD)
            phone.wait_live()
            phone.prefer(theme="light")
            on_a_phone(phone, pictures)
            as_it_should_be(phone)
    made = {kind for (kind,) in system.query("SELECT DISTINCT kind FROM rule")}
    assert made == set(NEEDS)


def as_it_should_be(screen: Console) -> None:
    assert "\n".join(screen.accessibility_faults()) == ""
    screen.assert_fits()
    screen.assert_no_foreign_requests()
    screen.assert_no_errors()


def zone(screen: Console, name: str) -> Locator:
    screen.panel("zones")
    screen.page.locator(".row").filter(has=screen.page.get_by_text(name, exact=True)).click()
    card = screen.page.locator('.card[data-kind="geofence"]')
    expect(card.locator("h2")).to_have_text(name)
    return card


def chosen(screen: Console, button: Locator, id: str) -> None:
    button.click()
    screen.page.locator(f'[role="option"][data-key="{id}"]').click()


def dialog_of(screen: Console) -> Locator:
    return screen.page.get_by_role("dialog")


def fill(dialog: Locator, values: dict[str, str]) -> None:
    for name, text in values.items():
        dialog.locator(f'[data-field="{name}"] input').fill(text)


def every_kind_is_made(desk: Console, pictures: Path) -> None:
    for name in ("Ford", "Old ditch"):
        card = zone(desk, name)
        expect(card).to_contain_text("No rule yet")
        for kind, values in NEEDS.items():
            if (kind in ("cross", "approach")) != (name == "Old ditch"):
                continue
            card.locator('[data-action="new_rule"]').click()
            dialog = dialog_of(desk)
            chosen(desk, dialog.locator(".select-button").first, kind)
            fill(dialog, values)
            for asked in ("track", "unit"):
                option = dialog.locator(f'label:has(input[value="{asked}"])')
                if option.count():
                    option.click()
                    break
            if kind == "sequence":
                chosen(desk, dialog.locator(".select-button").nth(1), "old-ditch")
            if kind == "motionless_in_cold":
                desk.screenshot(pictures / "rule-cold-desk.png")
            dialog.locator('button[type="submit"]').click()
            expect(dialog).to_be_hidden()
            expect(card.locator(f'[data-rule="{kind}"]')).to_be_visible()
    desk.screenshot(pictures / "zone-line-desk.png")
    zone(desk, "Ford").get_by_role("button", name="Show on map").click()
    desk.screenshot(pictures / "zone-desk.png")


def refused_at_its_place(desk: Console, pictures: Path) -> None:
    card = zone(desk, "Meadow")
    card.locator('[data-action="new_rule"]').click()
    dialog = dialog_of(desk)
    chosen(desk, dialog.locator(".select-button").first, "dwell")
    fill(dialog, {"radius_m": "-3"})
    dialog.locator('[data-action="qualifiers"]').click()
    fill(dialog, {"min_hits": "2.5"})
    dialog.get_by_role("button", name="Add hours").click()
    dialog.locator('button[type="submit"]').click()
    for name in ("seconds", "radius_m", "min_hits"):
        expect(dialog.locator(f'[data-field="{name}"] .field-error')).to_be_visible()
    desk.screenshot(pictures / "rule-wrong-desk.png")
    # What only the hub can tell: a band of speeds without a bound.
    chosen(desk, dialog.locator(".select-button").first, "speed")
    fill(dialog, {"min_hits": "3"})
    dialog.locator('button[type="submit"]').click()
    expect(dialog.get_by_role("alert")).to_contain_text("a lowest or a highest speed")
    # The browser notes the refusal that was asked for.
    (noted,) = desk.errors
    assert "422" in noted
    desk.errors.clear()
    desk.page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()


def switched_off_and_ended(desk: Console) -> None:
    card = zone(desk, "Ford")
    rule = card.locator('[data-rule="exit"]')
    rule.locator(".switch").click()
    expect(rule).to_have_attribute("data-armed", "false")
    rule.locator(".link-row").click()
    dialog_of(desk).locator('[data-action="end_rule"]').click()
    desk.page.get_by_role("alertdialog").get_by_role("button", name="End rule").click()
    expect(rule).to_have_count(0)


def tried_on_the_past(desk: Console, pictures: Path) -> None:
    desk.panel("alarms")
    desk.resolve(1, "genuine_crossing")
    card = zone(desk, "Meadow")
    card.locator('[data-rule="enter"] .link-row', has_text="Somebody in").click()
    dialog = dialog_of(desk)
    dialog.locator('[data-action="backtest"]').click()
    answer = dialog.locator('[data-backtest="done"]')
    expect(answer).to_contain_text("No alarm that was raised would be missing")
    dialog.locator('[data-action="qualifiers"]').click()
    fill(dialog, {"min_hits": "500"})
    expect(answer).to_be_hidden()
    dialog.locator('[data-action="backtest"]').click()
    expect(answer.locator(".backtest-lost")).to_contain_text("#1")
    answer.scroll_into_view_if_needed()
    desk.screenshot(pictures / "rule-backtest-desk.png")
    expect(dialog.locator('button[type="submit"]')).to_have_text("Save all the same")
    dialog.locator('button[type="submit"]').click()
    expect(dialog).to_be_hidden()


def questioned(desk: Console, pictures: Path) -> None:
    """One rule did fire for the walk; another was too strict for it, and says so."""
    desk.panel("alarms")
    desk.open_alarm(2)
    card = desk.page.locator('.card[data-kind="incident"]')
    expect(card.locator(".why")).to_contain_text("crossed the tripwire towards north")
    expect(card.locator(".place")).to_contain_text("km 31.0")
    expect(card.locator(".place")).to_contain_text("pillar 812")
    expect(card.locator(".place")).to_contain_text("35U KR")
    desk.screenshot(pictures / "incident-place-desk.png")
    card.locator(".link-row").first.click()
    desk.page.locator('.card [data-action="explain"]').click()
    dialog = dialog_of(desk)
    ask = dialog.locator('button[type="submit"]')
    chosen(desk, dialog.locator(".select-button").first, "ditch-cross")
    ask.click()
    expect(dialog.locator('[data-explained="fired"]')).to_be_visible()
    chosen(desk, dialog.locator(".select-button").first, "meadow-strict")
    ask.click()
    why = dialog.locator('[data-explained="min_hits"]')
    expect(why).to_contain_text("500 asked")
    desk.screenshot(pictures / "explain-desk.png")
    dialog.locator('[data-field="at"] input').fill("nine")
    expect(dialog.locator(".field-error")).to_contain_text("02:13")
    desk.page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()


def paused(desk: Console, pictures: Path) -> None:
    card = zone(desk, "Meadow")
    card.locator('[data-action="pause"]').click()
    desk.screenshot(pictures / "pause-desk.png")
    desk.answer()
    expect(card.locator('[data-in-force="false"]')).to_contain_text("Off until")
    card.get_by_role("button", name="Show on map").click()
    desk.screenshot(pictures / "paused-desk.png")


def on_a_phone(phone: Console, pictures: Path) -> None:
    card = zone(phone, "Meadow")
    expect(card.locator('[data-in-force="false"]')).to_contain_text("Вимкнено до")
    phone.screenshot(pictures / "zone-phone.png")
    card.locator('[data-rule="enter"] .link-row').first.click()
    dialog = dialog_of(phone)
    expect(dialog.locator(".rule-fields").first).to_be_attached()
    phone.screenshot(pictures / "rule-phone.png")
    dialog.locator('[data-action="qualifiers"]').click()
    phone.assert_fits()
    dialog.locator('[data-field="min_hits"]').scroll_into_view_if_needed()
    phone.screenshot(pictures / "rule-qualifiers-phone.png")
    phone.page.keyboard.press("Escape")
    phone.open_alarm(2)
    phone.page.locator(".card .link-row").first.click()
    phone.page.locator('.card [data-action="explain"]').click()
    dialog = dialog_of(phone)
    chosen(phone, dialog.locator(".select-button").first, "meadow-strict")
    dialog.locator('button[type="submit"]').click()
    expect(dialog.locator('[data-explained="min_hits"]')).to_be_visible()
    phone.assert_fits()
    phone.screenshot(pictures / "explain-phone.png")
    phone.page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()


def deleted_with_its_rules(desk: Console, pictures: Path) -> None:
    card = zone(desk, "Old ditch")
    card.locator('[data-action="delete"]').click()
    asked = desk.page.get_by_role("alertdialog")
    end = asked.get_by_role("button", name="Delete", exact=True)
    expect(end).to_be_disabled()
    asked.locator('label:has(input[value="move"])').click()
    chosen(desk, asked.locator(".select-button"), "ditch")
    # The ford's sequence names it and cannot move with the others.
    expect(asked).to_contain_text("only name it")
    desk.screenshot(pictures / "delete-desk.png")
    end.click()
    expect(asked).to_be_hidden()
    expect(desk.page.locator(".row", has_text="Old ditch")).to_have_count(0)
    expect(zone(desk, "Ditch").locator("[data-rule]")).to_have_count(3)
    expect(zone(desk, "Ford").locator('[data-rule="sequence"]')).to_have_count(0)


def not_raised(desk: Console, pictures: Path) -> None:
    desk.panel("alarms")
    desk.page.locator('label:has(input[value="suppressed"])').click()
    found = desk.page.locator('[data-suppressed="friendly"]')
    expect(found).to_contain_text("Meadow, zone entered")
    expect(found).to_contain_text("Alfa-2")
    desk.screenshot(pictures / "not-raised-desk.png")
