"""A person's hand on some incidents of a sector: one transaction, events and their rows."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from watchline.audit import store as audit
from watchline.db import sql
from watchline.errors import IncidentUnknown
from watchline.incidents.model import Event, Incident
from watchline.incidents.projection import apply, opened
from watchline.incidents.rows import SQL, event_values, from_row, put_values
from watchline.incidents.transitions import EVENT, Verb
from watchline.sectors import store as sectors
from watchline.web.types import new_id

_SQL = sql.load("watchline.incidents", "hand")


@dataclass(slots=True, kw_only=True)
class Hand:
    """Made by `take`; the sector's row is locked and its rev raised, so that nobody interferes.

    `now_us` is the database's time, µs since 1970 UTC.
    """

    connection: AsyncConnection
    sector: str
    rev: int
    now_us: int
    actor: UUID
    held: dict[UUID, Incident]

    async def happen(self, id: UUID, verb: Verb, **detail: Any) -> Incident:
        """Let something happen to an incident that is held. Errors: IncidentWrongStatus."""
        event = Event(
            kind=EVENT[verb], at_us=self.now_us, actor=str(self.actor), detail=_told(detail)
        )
        incident = apply(self.held[id], event)
        await self._write(incident, event, verb.value)
        return incident

    async def open(self, **detail: Any) -> Incident:
        """Make an incident; its number is the next one."""
        found = await self.connection.exec_driver_sql(SQL["last_no"], {"sector": self.sector})
        event = Event(
            kind="opened",
            at_us=self.now_us,
            actor=str(self.actor),
            detail=_told(detail) | {"no": int(found.scalar_one()) + 1},
        )
        incident = opened(new_id(), event)
        await self._write(incident, event, "open")
        return incident

    async def hold(self, ids: Iterable[UUID]) -> None:
        """Hold more incidents of the same sector. Errors: IncidentUnknown."""
        wanted = {id for id in ids if id not in self.held}
        statement = f"{SQL['select']}\n{SQL['where_ids']}"
        found = await self.connection.exec_driver_sql(
            statement, {"sector": self.sector, "ids": sorted(wanted)}
        )
        self.held |= {row["id"]: from_row(dict(row)) for row in found.mappings()}
        for id in wanted - self.held.keys():
            raise IncidentUnknown(id=str(id))

    async def _write(self, incident: Incident, event: Event, op: str) -> None:
        put = put_values(incident, self.sector, self.rev, self.now_us)
        await self.connection.exec_driver_sql(SQL["put"], put)
        values = event_values(incident, event, self.now_us)
        await self.connection.exec_driver_sql(SQL["event"], values)
        await audit.append(
            self.connection,
            chain=self.sector,
            actor=str(self.actor),
            op=f"incident.{op}",
            object=f"incident {incident.id}",
            detail=event.detail,
        )
        self.held[incident.id] = incident


async def take(
    connection: AsyncConnection, actor: UUID, *ids: UUID, sector: str | None = None
) -> Hand:
    """Lock a sector (that of the first incident unless named) and hold incidents of it.

    Errors: IncidentUnknown, SectorUnknown.
    """
    if sector is None:
        found = await connection.exec_driver_sql(_SQL["sector_of"], {"id": ids[0]})
        sector = found.scalar_one_or_none()
        if sector is None:
            raise IncidentUnknown(id=str(ids[0]))
    rev = await sectors.next_rev(connection, sector)
    now_us = (await connection.exec_driver_sql(_SQL["now_us"])).scalar_one()
    hand = Hand(connection=connection, sector=sector, rev=rev, now_us=now_us, actor=actor, held={})
    await hand.hold(ids)
    await sectors.tell(connection, sector)
    return hand


def _told(detail: dict[str, Any]) -> dict[str, Any]:
    """What was said, without what was not."""
    return {name: value for name, value in detail.items() if name != "note" or value}
