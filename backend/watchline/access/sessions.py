"""The session cookie: its name, its token and where a plain one is taken. Pure."""

import hashlib
import secrets
from collections.abc import Mapping
from ipaddress import ip_address
from urllib.parse import urlsplit

SECURE_COOKIE = "__Host-watchline"
PLAIN_COOKIE = "watchline"


def new_token() -> str:
    """256 random bits, for the cookie alone; only their hash is stored."""
    return secrets.token_urlsafe(32)


def token_hash(token: str) -> bytes:
    """SHA-256 of the token; no salt is needed for 256 random bits."""
    return hashlib.sha256(token.encode()).digest()


def cookie_name(scheme: str, host: str) -> str | None:
    """The cookie for an address: `__Host-` over TLS, plain on this machine, else None.

    `host` is the Host header. A plain cookie elsewhere would show the session to the network.

    >>> cookie_name("https", "watch.example"), cookie_name("http", "localhost:8610")
    ('__Host-watchline', 'watchline')
    >>> cookie_name("http", "watch.example") is None
    True
    """
    if scheme == "https":
        return SECURE_COOKIE
    return PLAIN_COOKIE if _is_this_machine(host) else None


def set_cookie(name: str, token: str, max_age_s: int) -> str:
    """The Set-Cookie header; `max_age_s` 0 takes it away."""
    secure = "; Secure" if name == SECURE_COOKIE else ""
    return f"{name}={token}; Path=/; HttpOnly; SameSite=Strict; Max-Age={max_age_s}{secure}"


def same_origin(headers: Mapping[str, str], own_origin: str) -> bool:
    """Whether a request that changes something comes from our own pages.

    Browsers say so in Sec-Fetch-Site; older ones send Origin with every POST. A caller that says
    neither is refused: a program can say it, a foreign page cannot.

    >>> same_origin({"origin": "https://a.example"}, "https://a.example")
    True
    >>> same_origin({"sec-fetch-site": "cross-site"}, "https://a.example"), same_origin({}, "x")
    (False, False)
    """
    site = headers.get("sec-fetch-site")
    if site is not None:
        return site == "same-origin"
    return headers.get("origin") == own_origin


def _is_this_machine(host: str) -> bool:
    name = urlsplit(f"//{host}").hostname or ""
    if name == "localhost" or name.endswith(".localhost"):
        return True
    try:
        return ip_address(name).is_loopback
    except ValueError:
        return False
