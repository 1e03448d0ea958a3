"""Driving the console in Chromium as a coordinator does; what the browser tests are written in.

Everything is found by role or by the data attributes that the console keeps for this purpose, so
that the tests hold in every language. Errors of the page and requests that leave the hub are
gathered from the first request on.
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

from playwright.sync_api import Browser, ConsoleMessage, Locator, Page, expect, sync_playwright

CHROMIUM = "/usr/bin/chromium"
_AXE = Path(__file__).parents[2] / "frontend/node_modules/axe-core/axe.min.js"
#: Software WebGL for the map, and none of the browser's own calls home.
CHROMIUM_ARGS = [
    "--no-sandbox",
    "--headless=new",
    "--use-angle=swiftshader",
    "--enable-unsafe-swiftshader",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    "--disable-quic",
]
DESKTOP = (1440, 900)
TABLET = (1000, 800)
PHONE = (390, 844)
#: Generous: software drawing on a busy machine takes seconds for what a desk does at once.
_STEP_MS = 60_000


@contextmanager
def chromium() -> Iterator[Browser]:
    """Debian's Chromium, closed at the end."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=CHROMIUM_ARGS)
        try:
            yield browser
        finally:
            browser.close()


class Console:
    """One screen of the console at `base_url`, in a browser context of its own."""

    def __init__(
        self,
        browser: Browser,
        base_url: str,
        *,
        size: tuple[int, int] = DESKTOP,
        language: str = "en",
    ) -> None:
        self.base_url = base_url.rstrip("/")
        self.size = size
        self._context = browser.new_context(
            viewport={"width": size[0], "height": size[1]},
            locale=language,
            has_touch=size[0] < 800,
        )
        self.page: Page = self._context.new_page()
        self.page.set_default_timeout(_STEP_MS)
        expect.set_options(timeout=_STEP_MS)
        self.requests: list[str] = []
        self.errors: list[str] = []
        self.page.on("request", lambda request: self.requests.append(request.url))
        self.page.on("console", self._hear)
        self.page.on("pageerror", lambda error: self.errors.append(f"uncaught: {error}"))

    def __enter__(self) -> "Console":
        return self

    def __exit__(self, *_: object) -> None:
        self._context.close()

    def _hear(self, message: ConsoleMessage) -> None:
        if message.type not in ("error", "warning"):
            return
        where = urlsplit(message.location.get("url", "")).path
        # The page asks who it is before anybody has logged in: 401 is the answer it wants.
        if where == "/api/me" and "401" in message.text:
            return
        # Chromium's own remarks on drawing without a graphics card.
        if "GPU stall due to ReadPixels" in message.text or "swiftshader" in message.text.lower():
            return
        self.errors.append(f"{message.type}: {message.text} ({where})")

    # -- login ---------------------------------------------------------------------------------

    def open(self) -> None:
        """Load the page."""
        self.page.goto(self.base_url + "/")

    def login(self, name: str, password: str, new_password: str | None = None) -> None:
        """Log in from the login page, and change a one-time password when that is demanded.

        Returns once the frame is there; the map and the live picture may still be coming.
        """
        self.open()
        self.page.locator('input[autocomplete="username"]').fill(name)
        self.page.locator('input[autocomplete="current-password"]').fill(password)
        self.page.locator('button[type="submit"]').click()
        frame = self.page.locator(".frame")
        again = self.page.locator('input[autocomplete="new-password"]')
        expect(frame.or_(again.first)).to_be_visible()
        if again.count() > 0:
            if new_password is None:
                raise AssertionError("the hub demands a new password and the test has none")
            self.page.locator('input[autocomplete="current-password"]').fill(password)
            again.nth(0).fill(new_password)
            again.nth(1).fill(new_password)
            self.page.locator('button[type="submit"]').click()
        expect(frame).to_be_visible()

    def wait_live(self, timeout_ms: float = _STEP_MS) -> None:
        """Wait for the first picture and for the map to have drawn it."""
        expect(self.page.locator(".link-live")).to_be_visible(timeout=timeout_ms)
        expect(self.page.locator(".map[data-drawn]")).to_be_attached(timeout=timeout_ms)

    # -- pages ---------------------------------------------------------------------------------

    @property
    def is_phone(self) -> bool:
        """Whether list, map and card are three pages here."""
        return self.size[0] < 800

    def show(self, page: str) -> None:
        """On a phone: go to "list", "map" or "card". Elsewhere all are there already."""
        if self.is_phone:
            self.page.locator(f'.phone-item[data-page="{page}"]').click()

    def panel(self, name: str) -> None:
        """Open a list: alarms, tracks, zones, sensors or settings."""
        if self.is_phone:
            self.page.locator('.phone-item[data-page="more"]').click()
            self.page.locator(f'[role="menuitem"][data-key="{name}"]').click()
        else:
            self.page.locator(f'.rail-item[data-panel="{name}"] button').click()

    # -- alarms --------------------------------------------------------------------------------

    def alarm_rows(self) -> Locator:
        """The alarms in sight in the queue, as rows with data-alarm (number) and data-status."""
        return self.page.locator(".alarm-row")

    def alarm_row(self, no: int) -> Locator:
        """One alarm's row."""
        return self.page.locator(f'.alarm-row[data-alarm="{no}"]')

    def wait_for_alarm(self, timeout_ms: float = 60_000) -> int:
        """Wait for an alarm that nobody has taken; gives its number."""
        row = self.page.locator('.alarm-row[data-waits="true"]').first
        row.wait_for(timeout=timeout_ms)
        return int(row.get_attribute("data-alarm") or "")

    def open_alarm(self, no: int) -> None:
        """Open an alarm's card from its row."""
        self.show("list")
        self.alarm_row(no).click()
        expect(self.card(no)).to_be_visible()

    def card(self, no: int) -> Locator:
        """The card of an alarm, with data-status."""
        return self.page.locator(f'.card [data-card-alarm="{no}"]')

    def acknowledge(self, no: int) -> None:
        """Acknowledge from the card; returns when the hub has taken it."""
        self.open_alarm(no)
        self.page.locator('[data-action="acknowledge"]').click()
        self.expect_status(no, "acknowledged")

    def resolve(self, no: int, disposition: str, note: str = "") -> None:
        """Resolve from the card, saying what it was; returns when the hub has taken it."""
        if self.card(no).count() == 0:
            self.open_alarm(no)
        self.page.locator('[data-action="resolve"]').click()
        dialog = self.page.get_by_role("dialog")
        # The radio itself is hidden behind its label.
        dialog.locator(f'label:has(input[value="{disposition}"])').click()
        if note:
            dialog.locator("textarea").fill(note)
        dialog.locator('button[type="submit"]').click()
        expect(dialog).to_be_hidden()
        self.expect_status(no, "resolved")

    def step(self, verb: str) -> None:
        """Begin a step from the open card: by its button, or from the menu behind them."""
        button = self.page.locator(f'.card [data-action="{verb}"]')
        if button.count() == 0:
            self.page.locator('.card [data-action="more"]').click()
            button = self.page.locator(f'[role="menuitem"][data-key="{verb}"]')
        button.click()

    def answer(self, *texts: str) -> None:
        """Answer the dialog that a step asks by: its text fields in order, then send it."""
        dialog = self.page.get_by_role("dialog")
        for place, text in enumerate(texts):
            dialog.locator(".input").nth(place).fill(text)
        dialog.locator('button[type="submit"]').click()
        expect(dialog).to_be_hidden()

    def reopen(self, no: int) -> None:
        """Take a resolution back from the card."""
        self.page.locator('.card [data-action="reopen"]').click()
        self.expect_status(no, "acknowledged")

    def expect_status(self, no: int, status: str) -> None:
        """Wait until the open card shows this status."""
        expect(self.card(no)).to_have_attribute("data-status", status)

    # -- what must always hold -------------------------------------------------------------------

    def assert_no_foreign_requests(self) -> None:
        """Nothing was asked of any host but the hub."""
        home = urlsplit(self.base_url)
        foreign = [
            url
            for url in self.requests
            if urlsplit(url).scheme not in ("data", "blob")
            and urlsplit(url)[:2] != (home.scheme, home.netloc)
        ]
        assert not foreign, f"requests left the hub: {foreign}"

    def assert_no_errors(self) -> None:
        """The page threw nothing and the browser complained of nothing."""
        assert not self.errors, f"the page complained: {self.errors}"

    def assert_fits(self) -> None:
        """Nothing makes the page scroll sideways, and no part of the top bar lies on another."""
        wide = self.page.evaluate("document.documentElement.scrollWidth")
        assert wide <= self.size[0], f"the page is {wide} px wide on a {self.size[0]} px screen"
        clashes = self.page.evaluate(
            """() => {
                const parts = [...document.querySelectorAll('.top > *, .health > *')];
                const boxes = parts.map(e => [e, e.getBoundingClientRect()]);
                return boxes.flatMap(([a, p]) => boxes
                    .filter(([b, q]) => a !== b && !a.contains(b) && !b.contains(a)
                        && p.right > q.left + 1 && q.right > p.left + 1
                        && p.bottom > q.top + 1 && q.bottom > p.top + 1)
                    .map(([b]) => `${a.className} on ${b.className}`));
            }"""
        )
        assert not clashes, f"parts of the top bar overlap: {clashes}"
        cut = self.page.evaluate(
            """[...document.querySelectorAll('[role="dialog"]')]
                .map(e => e.scrollWidth - e.clientWidth).filter(px => px > 1)"""
        )
        assert not cut, f"a dialog is wider than it shows: {cut} px"

    # -- looks ---------------------------------------------------------------------------------

    def prefer(self, **prefs: str) -> None:
        """Set preferences of this device (theme, language), as the settings would, and reload."""
        self.page.evaluate(
            """prefs => {
                const key = 'watchline.prefs';
                const held = JSON.parse(localStorage.getItem(key) ?? '{"state":{},"version":1}');
                Object.assign(held.state, prefs);
                localStorage.setItem(key, JSON.stringify(held));
            }""",
            prefs,
        )
        self.page.reload()
        self.wait_live()

    def screenshot(self, path: Path) -> Path:
        """A picture of the page once the map has nothing more to draw."""
        path.parent.mkdir(parents=True, exist_ok=True)
        self.page.wait_for_timeout(400)
        self.page.screenshot(path=str(path))
        return path

    def accessibility_faults(self) -> list[str]:
        """What axe-core (a development dependency of the frontend) finds wrong, one line each."""
        # What a pending button has told a screen reader stays for some seconds after the button.
        expect(self.page.locator('[data-live-announcer] [role="img"]')).to_have_count(0)
        source = _AXE.read_text("utf-8")
        self.page.evaluate(source)
        found = self.page.evaluate("async () => (await axe.run()).violations")
        return [
            f"{fault['id']} ({fault['impact']}): {fault['help']}: "
            + "; ".join(node["html"][:160] for node in fault["nodes"][:3])
            for fault in found
        ]

    def text(self) -> str:
        """All text on the page, for asking whether a raw key or code shows."""
        return re.sub(r"\s+", " ", self.page.locator("body").inner_text())
