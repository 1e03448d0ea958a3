"""A worker that takes every item for new."""

from typing import Any

from watchline.cli import app
from watchline.detections import inbox
from watchline.detections.ledger import SeqSet

_accept = inbox.accept


def _accept_all(parcel: Any, known: SeqSet, *rest: Any, **more: Any) -> Any:
    return _accept(parcel, SeqSet(), *rest, **more)


inbox.accept = _accept_all
app()
