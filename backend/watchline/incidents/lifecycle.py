"""Findings open incidents or join open ones; the end of their tracks clears them. Pure.

A machine opens, joins and clears; it never closes: `cleared` is a condition beside the
status, and the incident goes on waiting for a person.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from uuid import UUID

from watchline.incidents.model import OpenIncident, derive_id
from watchline.rules.model import Finding


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """A new incident and the finding that opened it."""

    incident: OpenIncident
    finding: Finding


@dataclass(frozen=True, slots=True, kw_only=True)
class Joined:
    """An open incident (as it is now) and the finding that joined it."""

    incident: OpenIncident
    finding: Finding


@dataclass(frozen=True, slots=True, kw_only=True)
class Cleared:
    """The last track of an open incident has ended."""

    incident: OpenIncident
    at_us: int


Change = Opened | Joined | Cleared


def finding_id(finding: Finding) -> UUID:
    """The finding's identity: rule version, geofence version, track and time."""
    return derive_id(
        finding.at_us,
        "finding",
        finding.rule_id,
        str(finding.rule_version),
        finding.geofence_id,
        str(finding.geofence_version),
        finding.track_id,
    )


def raise_findings(
    open_incidents: Mapping[UUID, OpenIncident],
    findings: Sequence[Finding],
    ended: Iterable[tuple[bytes, int]],
    live_tracks: frozenset[bytes] | set[bytes],
    *,
    next_no: int,
    historical: bool = False,
) -> tuple[dict[UUID, OpenIncident], list[Change]]:
    """What the findings of one step make of the open incidents.

    A finding joins the open incident of the same rule and geofence that holds its track;
    otherwise it opens one, so that a second intruder never hides in the first's incident.
    `ended` are (track, time) of tracks that ended in this step, `live_tracks` those that
    live after it; new incidents are numbered from `next_no`. Returns the open incidents
    after the step and the changes in order.
    """
    book = dict(open_incidents)
    changes: list[Change] = []
    for finding in findings:
        incident = _holding(book, finding, historical)
        if incident is None:
            incident = OpenIncident(
                id=derive_id(finding.at_us, finding.rule_id, finding.geofence_id, finding.track_id),
                no=next_no,
                rule_id=finding.rule_id,
                geofence_id=finding.geofence_id,
                track_ids=frozenset((finding.track_id,)),
                condition="cleared" if historical else "active",
                historical=historical,
                findings=1,
                events=1,
            )
            next_no += 1
            changes.append(Opened(incident=incident, finding=finding))
        else:
            incident = replace(
                incident,
                track_ids=incident.track_ids | {finding.track_id},
                condition=incident.condition if historical else "active",
                findings=incident.findings + 1,
                events=incident.events + 1,
            )
            changes.append(Joined(incident=incident, finding=finding))
        book[incident.id] = incident
    for track, at_us in ended:
        for incident in list(book.values()):
            if (
                track in incident.track_ids
                and incident.condition == "active"
                and not incident.track_ids & live_tracks
            ):
                incident = replace(incident, condition="cleared", events=incident.events + 1)
                book[incident.id] = incident
                changes.append(Cleared(incident=incident, at_us=at_us))
    return book, changes


def _holding(
    book: Mapping[UUID, OpenIncident], finding: Finding, historical: bool
) -> OpenIncident | None:
    for incident in book.values():
        if (
            incident.rule_id == finding.rule_id
            and incident.geofence_id == finding.geofence_id
            and incident.historical == historical
            and finding.track_id in incident.track_ids
        ):
            return incident
    return None
