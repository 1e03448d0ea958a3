"""What each fault test found, and what was skipped, always visible at the end of the run."""

import signal
from collections.abc import Iterator

import pytest

from faults import oracle
from faults.disk import Disk, NoDisk
from faults.nursery import Nursery


@pytest.fixture(scope="session", autouse=True)
def _tidy_when_terminated() -> None:
    """SIGTERM ends the run as Ctrl-C does: mounts, namespaces and processes do not stay behind."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)


@pytest.fixture(scope="session")
def nursery() -> Iterator[Nursery]:
    """Forks our programs."""
    made = Nursery()
    try:
        yield made
    finally:
        made.close()


@pytest.fixture
def disk() -> Iterator[Disk]:
    """A disk whose power can be cut."""
    try:
        made = Disk(megabytes=512)
    except NoDisk as error:
        pytest.skip(f"NO POWER WAS CUT: {error}")
    try:
        yield made
    finally:
        made.close()


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """One line a fault test, also without -s; a skip must not look like a pass."""
    skipped = [
        f"SKIPPED {report.nodeid}: {report.longrepr[2]}"
        for report in terminalreporter.getreports("skipped")
        if report.nodeid.startswith("tests/faults/") and isinstance(report.longrepr, tuple)
    ]
    if oracle.lines or skipped:
        terminalreporter.section("faults")
        for line in [*oracle.lines, *skipped]:
            terminalreporter.line(line, yellow=line.startswith("SKIPPED"))
