"""Which addresses a camera may have, and that none shows its password."""

import pprint
import socket
from ipaddress import ip_address
from urllib.parse import unquote, urlsplit

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from watchline_sensors.adapters.thermal.address import (
    Address,
    AddressRefused,
    AddressUnknown,
    forbidden,
    problems,
    resolve,
)

SECRET = "p:@/ß%#?w"


def test_a_url_holds_the_parts_and_nothing_else() -> None:
    address = Address(host="10.1.2.3", path="/live?channel=1", user="u@x", password=SECRET)
    assert not problems(address)
    parts = urlsplit(address.url())
    assert (parts.hostname, parts.port, parts.path) == ("10.1.2.3", 554, "/live")
    assert unquote(parts.username or "") == "u@x" and unquote(parts.password or "") == SECRET


def test_an_ipv6_host_stands_in_brackets() -> None:
    address = Address(scheme="rtsps", host="2001:db8::1", path="/a")
    assert address.url() == "rtsps://[2001:db8::1]:322/a"


def test_no_text_of_an_address_shows_user_or_password() -> None:
    address = Address(host="cam", user="keeper", password=SECRET, path="/a?pwd=hush")
    texts = [str(address), repr(address), f"{address}", f"{[address]}", pprint.pformat(address)]
    texts += [str(list(address.__rich_repr__()))]
    for text in texts:
        assert "cam:554/a" in text
        assert not any(word in text for word in ("keeper", SECRET, "hush", "%40"))


@pytest.mark.parametrize(
    "wrong",
    [
        {"host": ""},
        {"host": "a@b"},
        {"host": "a/b"},
        {"host": "a b"},
        {"host": "a\nb"},
        {"host": "-rtsp_transport"},
        {"host": "cam:554"},
        {"host": "fe80::1%eth0"},
        {"host": "cam\x00"},
        {"host": "cám"},
        {"host": "cam", "path": "live"},
        {"host": "cam", "path": "/a b"},
        {"host": "cam", "path": "/a\r\nSETUP"},
        {"host": "cam", "path": "/a#b"},
        {"host": "cam", "path": "/" + "a" * 1024},
        {"host": "cam", "user": "a\tb"},
        {"host": "cam", "user": "a", "password": "\x7f"},
        {"host": "cam", "password": "alone"},
    ],
)
def test_what_is_badly_written_is_refused_in_words(wrong: dict[str, str]) -> None:
    address = Address(**wrong)
    assert len(problems(address)) == 1
    with pytest.raises(AddressRefused) as error:
        resolve(address, allow_loopback=True)
    assert error.value.code == "thermal.address_refused"
    assert "alone" not in str(error.value)


@pytest.mark.parametrize(
    "wrong",
    [
        "rtsp://cam/live",
        ["exec:", "rm"],
        {"host": "cam", "scheme": "exec"},
        {"host": "cam", "scheme": "file"},
        {"host": "cam", "scheme": "http"},
        {"host": ["cam"]},
        {"host": "cam", "options": {"protocol_whitelist": "file"}},
        {"host": "cam", "port": 0},
        {"host": "cam", "port": 65_536},
        {},
    ],
)
def test_only_these_parts_make_an_address(wrong: object) -> None:
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert(wrong, Address)


@given(st.text(max_size=40), st.text(max_size=40), st.text(max_size=20), st.text(max_size=20))
def test_what_passes_reaches_the_host_it_names(
    host: str, path: str, user: str, password: str
) -> None:
    address = Address(host=host, path="/" + path, user=user, password=password)
    if problems(address):
        return
    parts = urlsplit(address.url())
    assert parts.scheme == "rtsp" and parts.hostname == host.lower() and parts.port == 554
    assert address.url().isascii() and address.url().isprintable()


@pytest.mark.parametrize(
    "text",
    [
        "169.254.169.254",
        "169.254.1.1",
        "fe80::1",
        "fd00:ec2::254",
        "100.100.100.200",
        "168.63.129.16",
        "224.0.0.1",
        "239.1.2.3",
        "ff02::1",
        "0.0.0.0",
        "0.1.2.3",
        "::",
        "255.255.255.255",
        "127.0.0.1",
        "::1",
        "::ffff:127.0.0.1",
        "::ffff:169.254.169.254",
        "64:ff9b::169.254.169.254",
        "64:ff9b::7f00:1",
        "2002:7f00:1::",
        "::127.0.0.1",
    ],
)
def test_no_camera_is_there(text: str) -> None:
    assert forbidden(ip_address(text))
    with pytest.raises(AddressRefused):
        resolve(Address(host=text))


@pytest.mark.parametrize("text", ["10.0.0.9", "192.168.1.64", "172.20.1.1", "fd12::5", "8.8.4.4"])
def test_a_camera_may_be_there(text: str) -> None:
    assert resolve(Address(host=text, user="u")).url() == Address(host=text, user="u").url()


@pytest.mark.parametrize("text", ["127.1", "2130706433", "0x7f000001", "localhost", "017700000001"])
def test_this_machine_by_any_name_is_for_simulated_cameras_only(text: str) -> None:
    with pytest.raises(AddressRefused, match="simulated"):
        resolve(Address(host=text))
    dialled = resolve(Address(host=text, path="/a", password="p", user="u"), allow_loopback=True)
    assert dialled.host in ("127.0.0.1", "::1")
    assert (dialled.path, dialled.user, dialled.password) == ("/a", "u", "p")


def test_a_name_that_nobody_knows_has_a_code() -> None:
    with pytest.raises(AddressUnknown) as error:
        resolve(Address(host="camera.invalid", user="keeper", password="hush"))
    assert error.value.code == "thermal.address_unknown"
    assert "hush" not in str(error.value)
    assert socket.gaierror not in map(type, [error.value.__cause__])
