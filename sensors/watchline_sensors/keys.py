"""The edge's Ed25519 key: made at the first start, readable by its owner alone."""

import base64
import os
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from watchline_sensors.contract import signing_input
from watchline_sensors.errors import KeyUnusable
from watchline_sensors.spool_disk import sync_folder


class EdgeKey:
    """Signs envelopes as one edge."""

    def __init__(self, private: Ed25519PrivateKey) -> None:
        self._private = private

    def public_key_base64(self) -> str:
        """The 32 bytes by which the hub knows this edge."""
        return base64.b64encode(self._private.public_key().public_bytes_raw()).decode()

    def signature_base64(self, body: bytes) -> str:
        """The value of `Watchline-Signature` for an envelope's body."""
        return base64.b64encode(self._private.sign(signing_input(body))).decode()


def load_or_create_key(path: Path) -> EdgeKey:
    """The key in this file (32 raw bytes, mode 0600), made when there is none.

    Raises KeyUnusable when the file is not such a key, or others may read it.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        if not path.exists():
            _create(path)
        raw = path.read_bytes()
        mode = path.stat().st_mode
    except OSError as error:
        raise KeyUnusable(f"{path}: {error.strerror}") from error
    if mode & 0o077:
        raise KeyUnusable(f"{path} may be read by others: chmod 600 {path}")
    try:
        return EdgeKey(Ed25519PrivateKey.from_private_bytes(raw))
    except ValueError as error:
        raise KeyUnusable(f"{path} does not hold 32 bytes") from error


def _create(path: Path) -> None:
    """Whole or not at all: a cut while writing leaves no half key behind."""
    half = path.with_name(path.name + ".new")
    half.unlink(missing_ok=True)
    handle = os.open(half, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        os.write(handle, Ed25519PrivateKey.generate().private_bytes_raw())
        os.fsync(handle)
    finally:
        os.close(handle)
    try:
        os.link(half, path)  # unlike a rename it never replaces a key that came meanwhile
    except FileExistsError:
        pass
    finally:
        half.unlink()
    sync_folder(path.parent)
