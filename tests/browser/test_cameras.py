"""A thermal camera on the console: how it fares, what it kept of an alarm, and what it sees now."""

import base64
import contextlib
import io
import os
import threading
import time
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any
from uuid import UUID

import av
import httpx2
import msgspec
import numpy as np
import pytest
from console import DESKTOP, PHONE, Console, chromium
from PIL import Image
from playwright.sync_api import Locator, expect

from plain_sector import ORIGIN, SECTOR, lon_lat
from raised import TRACKS, finding_of, raise_in
from system import PASSWORD, EdgeDouble, System, wait_for
from watchline_sensors.adapters.thermal.calibrate import read_landmarks
from watchline_sensors.contract import (
    FieldOfView,
    FootageAnswer,
    FootageCall,
    FootageKind,
    FootageWanted,
    Health,
    HealthState,
    LivePicture,
    Outline,
    SensorInfo,
    encode_envelope,
    signing_input,
)

pytestmark = [pytest.mark.browser, pytest.mark.slow]

EDGE, CAMERA = "edge-a", "camera"
WIDTH, HEIGHT = 320, 256


def picture(k: int) -> np.ndarray:
    """A warm walker, further to the right from frame to frame, before cold ground."""
    rows, columns = np.mgrid[0:HEIGHT, 0:WIDTH]
    grey = 60 + 30 * (rows > 90) + 8 * np.sin(columns / 23.0) * (rows > 90)
    x, y = 60 + 3 * k, 150
    grey[(abs(columns - x) < 4) & (abs(rows - y) < 11)] = 235
    return grey.astype(np.uint8)


def jpeg(k: int) -> bytes:
    out = io.BytesIO()
    Image.fromarray(picture(k)).save(out, "JPEG", quality=85)
    return out.getvalue()


def webm(frames: int) -> bytes:
    out = io.BytesIO()
    with av.open(out, "w", format="webm") as container:
        stream: Any = container.add_stream("libvpx", rate=5)
        stream.width, stream.height, stream.pix_fmt = WIDTH, HEIGHT, "yuv420p"
        stream.time_base = Fraction(1, 1000)
        for k in range(frames):
            frame = av.VideoFrame.from_ndarray(picture(k), format="gray")
            frame = frame.reformat(format="yuv420p")
            frame.pts, frame.time_base = 200 * k, Fraction(1, 1000)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return out.getvalue()


def beats(at_us: int) -> list[Health]:
    return [
        Health(sensor=CAMERA, at_us=at_us, state=HealthState.OK),
        Health(sensor="covered", at_us=at_us, state=HealthState.FAILED, code="thermal.covered"),
    ]


class Camera:
    """The edge of one camera, played by hand: it answers what the hub wants of it."""

    def __init__(self, system: System, edge: EdgeDouble) -> None:
        self._hub, self._edge = system.hub, edge
        self.stop, self.live, self.answered = threading.Event(), 0, []
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def _post(self, path: str, message: Any) -> httpx2.Response:
        body = msgspec.msgpack.encode(message)
        signature = base64.b64encode(self._edge.key.sign(signing_input(body))).decode()
        return self._edge.client.post(
            f"{self._hub}/api/footage/{path}",
            content=body,
            headers={
                "content-type": "application/msgpack",
                "watchline-edge": self._edge.edge,
                "watchline-signature": signature,
            },
        )

    def _run(self) -> None:
        k = 0
        while not self.stop.wait(0.4):
            k += 1
            with contextlib.suppress(httpx2.HTTPError):
                now_us = time.time_ns() // 1000
                self._edge.send(*(beats(now_us) if k % 5 == 1 else ()))
                call = FootageCall(edge=EDGE, at_us=now_us, cameras=[CAMERA])
                answer = self._post("wanted", call)
                assert answer.is_success, answer.text
                wanted = msgspec.msgpack.decode(answer.content, type=FootageWanted)
                for piece in wanted.footage:
                    if piece.until_us < now_us:
                        self._answer(piece)
                for _ in wanted.live:
                    shown = LivePicture(edge=EDGE, sensor=CAMERA, at_us=now_us, octets=jpeg(k % 80))
                    assert self._post("live", shown).is_success
                    self.live += 1

    def _answer(self, piece: Any) -> None:
        still = piece.kind is FootageKind.SNAPSHOT
        x, y = 60 / WIDTH, 150 / HEIGHT
        outline = Outline(sensor_track="1", x0=x - 0.012, y0=y - 0.043, x1=x + 0.012, y1=y + 0.043)
        told = FootageAnswer(
            edge=EDGE,
            id=piece.id,
            media_type="image/jpeg" if still else "video/webm",
            from_us=piece.from_us,
            until_us=piece.until_us,
            frames=1 if still else 150,
            outlines=[outline] if still else [],
            octets=jpeg(0) if still else webm(150),
        )
        answer = self._post("answer", told)
        assert answer.is_success, answer.text
        self.answered.append(piece.kind)

    def end(self) -> None:
        self.stop.set()
        self._thread.join()


@pytest.fixture
def system(cluster, database, tmp_path: Path) -> Iterator[System]:
    """A camera that looks north over the meadow, a covered one, and an alarm in the meadow."""
    made = System(cluster=cluster, database=database.name, folder=tmp_path)
    try:
        made.import_sector(SECTOR)
        edge = EdgeDouble(made, EDGE)
        made.enroll(EDGE, "test", edge.public_key)
        at_us = time.time_ns() // 1000 - 90_000_000
        raise_in(database, 1, [finding_of(UUID(TRACKS[0]).bytes, at_us)])
        made.serve()
        made.login().close()
        wait_for("the writer", lambda: edge.post(encode_envelope(edge.envelope())).is_success)
        lon, lat = lon_lat(0, -300)
        info = SensorInfo(
            sensor=CAMERA, at_us=at_us, kind="thermal", name="Thermal camera Ford", lon_deg=lon,
            lat_deg=lat, height_m=210.0, site="mast",
            field_of_view=FieldOfView(
                azimuth_deg=0.0, width_deg=26.0, min_range_m=10.0, max_range_m=2000.0),
        )  # fmt: skip
        covered = msgspec.structs.replace(
            info, sensor="covered", name="Thermal camera Mill", lon_deg=ORIGIN[0] + 0.01
        )
        edge.send(info, covered)
        camera = Camera(made, edge)
        made.camera = camera  # type: ignore[attr-defined]
        try:
            yield made
        finally:
            camera.end()
    finally:
        made.stop()


def test_what_a_camera_sees_and_kept_is_on_the_console(system: System, tmp_path: Path) -> None:
    pictures = Path(os.environ.get("WATCHLINE_PICTURES", tmp_path))
    with (
        chromium() as browser,
        Console(browser, system.hub, size=DESKTOP) as desk,
        Console(browser, system.hub, size=PHONE, language="uk") as phone,
    ):
        for screen in (desk, phone):
            screen.login("administrator", PASSWORD)
            screen.wait_live()
        health_says_what_is_wrong(desk, pictures)
        asked_for_with_a_reason(desk, pictures)
        one_key_shows_the_live_picture(desk, system, pictures)
        clicks_make_a_calibration(desk, pictures, tmp_path / "landmarks.csv")
        on_the_phone(phone, pictures)
        for screen in (desk, phone):
            screen.assert_fits()
            screen.assert_no_foreign_requests()
            screen.assert_no_errors()
    told = system.query("SELECT kind, state, asked_by IS NOT NULL FROM footage ORDER BY kind")
    assert told == [("clip", "kept", True), ("snapshot", "kept", True)]
    camera: Camera = system.camera  # type: ignore[attr-defined]
    shown = camera.live
    time.sleep(8)
    assert camera.live <= shown + 12, "nobody looks any more"
    after = camera.live
    time.sleep(2)
    assert camera.live == after


def health_says_what_is_wrong(desk: Console, pictures: Path) -> None:
    desk.panel("sensors")
    desk.page.get_by_role("row").filter(has_text="Mill").click()
    card = desk.page.locator('.card[data-kind="sensor"]')
    expect(card).to_contain_text("something covers it")
    desk.screenshot(pictures / "camera-covered-desk.png")
    assert "\n".join(desk.accessibility_faults()) == ""


def asked_for_with_a_reason(desk: Console, pictures: Path) -> None:
    desk.panel("alarms")
    desk.open_alarm(1)
    card = desk.card(1)
    for kind in ("clip", "snapshot"):
        card.locator('[data-action="ask-footage"]').click()
        dialog = desk.page.get_by_role("dialog")
        dialog.locator(f'label:has(input[value="{kind}"])').click()
        expect(dialog.locator('button[type="submit"]')).to_be_disabled()
        dialog.locator(".input").fill("Who came into the meadow?")
        if kind == "clip":
            desk.screenshot(pictures / "camera-ask-desk.png")
        dialog.locator('button[type="submit"]').click()
        expect(dialog).to_be_hidden()
    snapshot = card.locator('[data-footage="snapshot"][data-state="kept"]')
    expect(snapshot.locator("img")).to_be_visible()
    assert snapshot.locator("img").evaluate("e => e.decode().then(() => e.naturalWidth)") == WIDTH
    expect(snapshot.locator("rect")).to_have_count(1)
    expect(card.locator('[data-footage="clip"][data-state="kept"]')).to_contain_text("30 s")
    desk.screenshot(pictures / "camera-card-desk.png")
    assert "\n".join(desk.accessibility_faults()) == ""
    card.locator('[data-footage="clip"] button').click()
    video = desk.page.get_by_role("dialog").locator("video")
    video.evaluate("e => e.play()")
    wait_for("the clip to play", lambda: video.evaluate("e => e.currentTime") > 0.5)
    assert 25 < video.evaluate("e => e.duration") < 31
    desk.screenshot(pictures / "camera-clip-desk.png")
    desk.page.keyboard.press("Escape")
    snapshot.locator("button").click()
    expect(desk.page.get_by_role("dialog")).to_contain_text("administrator")
    desk.screenshot(pictures / "camera-snapshot-desk.png")
    desk.page.keyboard.press("Escape")


def one_key_shows_the_live_picture(desk: Console, system: System, pictures: Path) -> None:
    desk.page.keyboard.press("c")
    dialog = desk.page.get_by_role("dialog")
    expect(dialog).to_contain_text("Thermal camera Ford")
    shown = dialog.locator(".picture-live")
    expect(shown).to_have_attribute("data-live", "shown")
    assert shown.locator("img").evaluate("e => e.naturalWidth") == WIDTH
    camera: Camera = system.camera  # type: ignore[attr-defined]
    before = camera.live
    wait_for("more pictures", lambda: camera.live > before + 2)
    desk.screenshot(pictures / "camera-live-desk.png")


def clicks_make_a_calibration(desk: Console, pictures: Path, file: Path) -> None:
    """From the live picture to the file that `watchline-edge calibrate` reads."""
    dialog = open_landmarks(desk)
    picture, ground = dialog.locator(".landmark-picture"), dialog.locator(".maplibregl-canvas")
    download = dialog.locator('[data-action="download"]')
    seen, places = [(40.0, 200.0)], [click_landmark(dialog, (40.0, 200.0), 0.3)]
    # Two by keys alone, and at the map's middle, which is that of what the camera sees.
    for key, at in (("ArrowRight", (161.0, 128.0)), ("Shift+ArrowDown", (161.0, 138.0))):
        expect(download).to_be_disabled()
        expect(picture).to_be_focused()
        desk.page.keyboard.press(key)
        desk.page.keyboard.press("Enter")
        expect(ground).to_be_focused()
        desk.page.keyboard.press("Enter")
        seen.append(at)
        places.append(tuple(lon_lat(0, 700)))
    names = dialog.locator(".landmark-list .input")
    expect(names).to_have_count(3)
    names.first.fill('Mill, the "old"')
    picture.click(position={"x": 200, "y": 60})
    desk.screenshot(pictures / "camera-landmarks-desk.png")
    assert "\n".join(desk.accessibility_faults()) == ""
    desk.assert_fits()
    desk.page.keyboard.press("Escape")
    expect(dialog.locator('[data-waits="true"]')).to_have_count(0)
    with desk.page.expect_download() as coming:
        download.click()
    assert coming.value.suggested_filename == f"landmarks-{CAMERA}.csv"
    coming.value.save_as(file)
    read = read_landmarks(file)
    assert [one.name for one in read] == ['Mill, the "old"', "Landmark 2", "Landmark 3"]
    for one, (x, y), (lon, lat) in zip(read, seen, places, strict=True):
        assert abs(one.x_px - x) < 1.0 and abs(one.y_px - y) < 1.0, one
        assert abs(one.lon_deg - lon) * 70_945 < 5.0 and abs(one.lat_deg - lat) * 111_247 < 5.0, one
    dialog.locator('[data-landmark="3"]').get_by_role("button").click()
    desk.page.keyboard.press("Escape")
    question = desk.page.get_by_role("alertdialog")
    expect(question).to_contain_text("2 landmarks")
    question.locator('[data-action="discard"]').click()
    expect(desk.page.locator('[data-action="landmarks"]')).to_be_focused()
    desk.page.keyboard.press("Escape")
    expect(desk.page.get_by_role("dialog")).to_have_count(0)


def open_landmarks(screen: Console) -> Locator:
    screen.page.locator('[data-action="landmarks"]').click()
    dialog = screen.page.get_by_role("dialog").filter(has=screen.page.locator(".landmarks"))
    expect(dialog.locator(".landmark-picture")).to_be_visible()
    expect(dialog.locator(".map[data-drawn]")).to_be_attached()
    return dialog


def click_landmark(dialog: Locator, at: tuple[float, float], share: float) -> tuple[float, ...]:
    """Click a pixel of the picture and a place on the map; the place, by the map's own word."""
    picture, ground = dialog.locator(".landmark-picture"), dialog.locator(".maplibregl-canvas")
    box = picture.bounding_box()
    assert box is not None
    scale = box["width"] / WIDTH
    picture.click(position={"x": at[0] * scale, "y": at[1] * scale})
    box = ground.bounding_box()
    assert box is not None
    ground.click(position={"x": share * box["width"], "y": share * box["height"]})
    lat, lon = dialog.locator(".map-pointer").inner_text().split(", ")
    return float(lon), float(lat)


def on_the_phone(phone: Console, pictures: Path) -> None:
    phone.open_alarm(1)
    card = phone.card(1)
    expect(card.locator('[data-footage="snapshot"] img')).to_be_visible()
    card.locator('[data-footage="snapshot"]').scroll_into_view_if_needed()
    phone.screenshot(pictures / "camera-card-phone.png")
    card.locator('[data-footage="clip"] button').click()
    expect(phone.page.get_by_role("dialog").locator("video")).to_be_visible()
    phone.screenshot(pictures / "camera-clip-phone.png")
    phone.page.get_by_role("dialog").get_by_role("button").first.click()
    card.locator('[data-action="live"]').click()
    expect(phone.page.locator(".picture-live")).to_have_attribute("data-live", "shown")
    phone.screenshot(pictures / "camera-live-phone.png")
    dialog = open_landmarks(phone)
    phone.screenshot(pictures / "camera-landmarks-phone.png")
    phone.assert_fits()
    dialog.get_by_role("button").first.click()
    phone.page.get_by_role("dialog").get_by_role("button").first.click()
