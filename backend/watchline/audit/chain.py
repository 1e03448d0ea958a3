"""The hash chain over audit events: pure.

A link's hash is SHA-256(prev_hash + body). The body is the text of a JSON array
[chain, no, at_us, actor, op, object, detail] exactly as PostgreSQL's jsonb prints it, so that
what was hashed and what is stored can never differ by a formatting rule of another library.
"""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass

#: What the first link of every chain points back to.
GENESIS = bytes(32)


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """One stored event: its number, its body as hashed, and the two hashes stored beside it."""

    no: int
    body: str
    prev_hash: bytes
    hash: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """Whether a chain holds: `links` counted, and the number and code of the first bad one.

    `head` is the last good hash. Keep it elsewhere: a chain alone cannot show that its tail
    was cut off, or that all of it was written anew.
    """

    links: int
    head: bytes
    bad_no: int | None = None
    code: str | None = None

    @property
    def holds(self) -> bool:
        """True when every link is sound."""
        return self.bad_no is None


def link_hash(prev_hash: bytes, body: str) -> bytes:
    """SHA-256 over the previous hash and the body."""
    return hashlib.sha256(prev_hash + body.encode()).digest()


def verify(links: Iterable[Link]) -> Verdict:
    """Walk a chain in ascending `no`; stops at the first link that is not sound.

    Codes: `audit.number_missing` (a link was deleted or put in), `audit.link_broken` (it does
    not point to the one before it), `audit.content_changed` (its body is not what was hashed).
    """
    head = GENESIS
    count = 0
    for link in links:
        code = None
        if link.no != count + 1:
            code = "audit.number_missing"
        elif link.prev_hash != head:
            code = "audit.link_broken"
        elif link_hash(head, link.body) != link.hash:
            code = "audit.content_changed"
        if code is not None:
            return Verdict(links=count, head=head, bad_no=link.no, code=code)
        head = link.hash
        count += 1
    return Verdict(links=count, head=head)
