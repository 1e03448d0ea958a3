"""Which PostgreSQL is taken, and what happens where there is none."""

import os
from pathlib import Path

import pytest

from watchline.db import binaries
from watchline.db.errors import BinariesMissing, InstallFailed


def _program(path: Path, body: str = "exit 0") -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\n{body}\n")
    path.chmod(0o755)


def _debian(root: Path, major: int, *, postgis: bool) -> None:
    for name in ("postgres", "initdb"):
        _program(root / f"usr/lib/postgresql/{major}/bin" / name)
    if postgis:
        control = root / f"usr/share/postgresql/{major}/extension/postgis.control"
        control.parent.mkdir(parents=True)
        control.touch()


@pytest.fixture(autouse=True)
def _bare_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "bin").mkdir()
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:/bin:/usr/bin")
    monkeypatch.delenv("WATCHLINE_PG_BIN", raising=False)


def test_the_tested_version_comes_first_then_the_newest(tmp_path: Path) -> None:
    _debian(tmp_path, 13, postgis=True)
    _debian(tmp_path, 16, postgis=True)
    found = binaries.find(root=tmp_path)
    assert found is not None and found.major == 16
    _debian(tmp_path, 15, postgis=True)
    found = binaries.find(root=tmp_path)
    assert found is not None and found.major == 15
    assert found["initdb"] == str(tmp_path / "usr/lib/postgresql/15/bin/initdb")


def test_a_data_directory_gets_its_own_version_or_none(tmp_path: Path) -> None:
    _debian(tmp_path, 15, postgis=True)
    _debian(tmp_path, 16, postgis=True)
    found = binaries.find(16, root=tmp_path)
    assert found is not None and found.major == 16
    assert binaries.find(14, root=tmp_path) is None


def test_one_without_postgis_is_none(tmp_path: Path) -> None:
    _debian(tmp_path, 15, postgis=False)
    assert binaries.find(root=tmp_path) is None


def test_a_folder_may_be_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    own = tmp_path / "opt/pg"
    _program(own / "bin/postgres", "echo 'postgres (PostgreSQL) 17.2'")
    _program(own / "bin/initdb")
    (own / "share/extension").mkdir(parents=True)
    (own / "share/extension/postgis.control").touch()
    monkeypatch.setenv("WATCHLINE_PG_BIN", str(own / "bin"))
    found = binaries.find(root=tmp_path)
    assert found is not None and (found.major, found.bin) == (17, own / "bin")


def _as(monkeypatch: pytest.MonkeyPatch, uid: int) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: uid)
    monkeypatch.setattr(binaries, "find", lambda major=None: None)


def test_a_user_without_sudo_is_told_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _as(monkeypatch, 1000)
    _program(tmp_path / "bin/apt-get")
    _program(tmp_path / "bin/sudo", "exit 1")
    with pytest.raises(BinariesMissing, match="apt-get install postgresql-15-postgis-3") as told:
        binaries.find_or_install()
    assert "\n" not in str(told.value)


@pytest.mark.parametrize("uid", [0, 1000])
def test_root_and_a_user_with_sudo_install_the_systems_packages(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, uid: int
) -> None:
    _as(monkeypatch, uid)
    log = tmp_path / "log"
    _program(tmp_path / "bin/sudo", f'echo "sudo" >> {log}; [ "$1" = -n ] && shift; exec "$@"')
    _program(tmp_path / "bin/apt-get", f'echo "apt-get $*" >> {log}')
    _program(tmp_path / "bin/apt-cache", "echo 'postgresql-17-postgis-3 - Geographic objects'")
    with pytest.raises(BinariesMissing):  # the fake installs nothing, and that is noticed
        binaries.find_or_install()
    said = log.read_text().splitlines()
    assert ("sudo" in said) is (uid != 0)
    assert said[-1].endswith("install --yes --no-install-recommends postgresql-17-postgis-3")


def test_a_failed_installation_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _as(monkeypatch, 0)
    _program(tmp_path / "bin/apt-get", 'case "$*" in *install*) exit 100;; esac')
    with pytest.raises(InstallFailed, match="100"):
        binaries.find_or_install()
