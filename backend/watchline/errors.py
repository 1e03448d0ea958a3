"""Every error that leaves a process of ours, and the one table that turns it into an HTTP answer.

An error's docstring is its message, for logs and developers. Clients get `code` and `params` and
make their own sentences (frontend/src/i18n); no library text, SQL or path ever reaches them.
"""

from typing import Any


class WatchlineError(Exception):
    """Something failed that nobody foresaw."""

    def __init__(self, **params: Any) -> None:
        super().__init__((type(self).__doc__ or "").strip())
        self.params = params

    @property
    def code(self) -> str:
        """The stable dotted name that clients and translations know."""
        return lookup(type(self))[1]

    @property
    def status(self) -> int:
        """The HTTP status it is answered with."""
        return lookup(type(self))[0]


class RequestInvalid(WatchlineError):
    """The request does not have the form that this route expects."""


class RequestTooLarge(WatchlineError):
    """The request's body is larger than this route takes."""


class RequestNotJson(WatchlineError):
    """The request has a body that is not declared as application/json."""


class RouteUnknown(WatchlineError):
    """There is nothing at this address."""


class MethodWrong(WatchlineError):
    """This address does not know the method."""


class RequestForeign(WatchlineError):
    """The request was sent by a page of another origin, or does not say which one sent it."""


class SessionMissing(WatchlineError):
    """There is no valid login behind this request."""


class ActionForbidden(WatchlineError):
    """The role of this user does not include the action."""


class PasswordMustChange(WatchlineError):
    """The one-time password has to be changed before anything else."""


class PasswordWeak(WatchlineError):
    """The new password is too short, too long, or the old one again."""


class PasswordWrong(WatchlineError):
    """The old password is not right."""


class LoginFailed(WatchlineError):
    """Name and password do not belong together, or the account is closed."""


class LoginTooMany(WatchlineError):
    """Too many failed logins; try again later."""


class LoginNeedsTls(WatchlineError):
    """A login over plain HTTP is taken from this same machine only."""


class UserNameTaken(WatchlineError):
    """There is a user of this name already."""


class UserUnknown(WatchlineError):
    """There is no user of this name."""


class SectorUnknown(WatchlineError):
    """There is no such sector."""


class SectorFileInvalid(WatchlineError):
    """The sector file cannot be used as it is."""


class EdgeUnknown(WatchlineError):
    """No edge of this name is enrolled."""


class EdgeKeyInvalid(WatchlineError):
    """An edge's public key is 32 bytes in base64."""


class EdgeElsewhere(WatchlineError):
    """The edge is enrolled in another sector."""


class UplinkMisdirected(WatchlineError):
    """Another process takes the envelopes of this edge."""


class UplinkNoWriter(WatchlineError):
    """No process owns the edge's sector at the moment."""


class GeofenceUnknown(WatchlineError):
    """There is no such geofence in this sector."""


class GeofenceInvalid(WatchlineError):
    """The geofence's geometry cannot be used as it is."""


class GeofenceOutsideSector(WatchlineError):
    """The geofence does not touch its sector, where nothing could ever set it off."""


class GeofenceIdTaken(WatchlineError):
    """A geofence of another sector has this id."""


class GeodataUnreadable(WatchlineError):
    """The file of geodata cannot be read."""


class BorderInvalid(WatchlineError):
    """The file has no border line that places could be told by."""


class GeofenceInUse(WatchlineError):
    """Rules need the geofence: say what happens to them."""


class PauseInvalid(WatchlineError):
    """A geofence is out of force until a time in the near future, or not at all."""


class RuleInvalid(WatchlineError):
    """The rule does not fit its geofence, or its kind is not known."""


class RuleUnknown(WatchlineError):
    """There is no such rule, or none was in force then."""


class BacktestUnknown(WatchlineError):
    """There is no such back-test."""


class IncidentUnknown(WatchlineError):
    """There is no such incident."""


class IncidentWrongStatus(WatchlineError):
    """The incident's status does not allow this."""


class IncidentNotApart(WatchlineError):
    """An incident cannot be merged with or linked to itself."""


class IncidentNotSplit(WatchlineError):
    """The tracks to split off are not this incident's, or nothing would be left of it."""


class IncidentSleepsTooLong(WatchlineError):
    """An incident may not be put off for so long."""


class IncidentOutsideSector(WatchlineError):
    """The incident's place lies outside its sector."""


class IncidentNotYet(WatchlineError):
    """The incident is said to happen in the future."""


class UnitAheadOfTime(WatchlineError):
    """The unit's report is of a time that has not come: its clock is wrong."""


class TrackUnknown(WatchlineError):
    """There is no such track in this sector."""


class PlotsNone(WatchlineError):
    """No radar has seen a confirmed track in this time."""


class LiveTooMany(WatchlineError):
    """The hub serves as many live screens as it can."""


class SensorUnknown(WatchlineError):
    """There is no such sensor."""


class RangeUnsatisfiable(WatchlineError):
    """Nothing lies in the range that was asked for."""


class FootageUnknown(WatchlineError):
    """There is no such footage, or it has expired."""


class FootageNotKept(WatchlineError):
    """Nothing of this footage is here: it has not come yet, or the edge had nothing."""


class FootageNoCamera(WatchlineError):
    """The sensor takes no pictures."""


class FootageTimesInvalid(WatchlineError):
    """The times are not those of a snapshot or of a clip."""


class FootageNotYet(WatchlineError):
    """The footage lies in the future."""


class FootageTooMany(WatchlineError):
    """This user has asked for much footage lately; try again later."""


class FootageTooManyViewers(WatchlineError):
    """This user or this camera has as many live pictures as can be."""


class FootageMalformed(WatchlineError):
    """The edge's message cannot be read."""


class FootageNotAsked(WatchlineError):
    """The footage was answered already, or is wanted no more."""


class FootageCodeWrong(WatchlineError):
    """The edge says in no known way why it has nothing."""


class FootageMediaWrong(WatchlineError):
    """The media type is not that of the kind which was asked for."""


class FootageOctetsWrong(WatchlineError):
    """The octets are not of the media type that they are said to be."""


class FootageSensorForeign(WatchlineError):
    """The camera is not this edge's."""


class EnvelopeSignatureWrong(WatchlineError):
    """The body is not signed with the key that this edge was enrolled with."""


class EnvelopeEdgeMismatch(WatchlineError):
    """The body is of another edge than the one that has signed it."""


class MapInvalid(WatchlineError):
    """The file is not a map that can be imported."""


class DatabaseAway(WatchlineError):
    """The database does not answer."""


class AuditBroken(WatchlineError):
    """The audit chain does not hold."""


#: The one table: error -> (HTTP status, stable code).
_TABLE: dict[type[WatchlineError], tuple[int, str]] = {
    WatchlineError: (500, "internal.error"),
    RequestInvalid: (422, "request.invalid"),
    RequestTooLarge: (413, "request.too_large"),
    RequestNotJson: (415, "request.not_json"),
    RouteUnknown: (404, "request.not_found"),
    MethodWrong: (405, "request.method_wrong"),
    RequestForeign: (403, "request.foreign"),
    SessionMissing: (401, "session.missing"),
    ActionForbidden: (403, "access.forbidden"),
    PasswordMustChange: (403, "password.must_change"),
    PasswordWeak: (422, "password.weak"),
    PasswordWrong: (403, "password.wrong"),
    LoginFailed: (401, "login.failed"),
    LoginTooMany: (429, "login.too_many"),
    LoginNeedsTls: (403, "login.needs_tls"),
    UserNameTaken: (409, "user.name_taken"),
    UserUnknown: (404, "user.unknown"),
    SectorUnknown: (404, "sector.unknown"),
    SectorFileInvalid: (422, "sector.file_invalid"),
    EdgeUnknown: (403, "edge.unknown"),
    EdgeKeyInvalid: (422, "edge.key_invalid"),
    EdgeElsewhere: (409, "edge.elsewhere"),
    UplinkMisdirected: (421, "uplink.misdirected"),
    UplinkNoWriter: (503, "uplink.no_writer"),
    GeofenceUnknown: (404, "geofence.unknown"),
    GeofenceInvalid: (422, "geofence.invalid"),
    GeofenceOutsideSector: (422, "geofence.outside_sector"),
    GeofenceIdTaken: (409, "geofence.id_taken"),
    GeodataUnreadable: (422, "geodata.unreadable"),
    BorderInvalid: (422, "border.invalid"),
    GeofenceInUse: (409, "geofence.in_use"),
    PauseInvalid: (422, "geofence.pause_invalid"),
    RuleInvalid: (422, "rule.invalid"),
    RuleUnknown: (404, "rule.unknown"),
    BacktestUnknown: (404, "backtest.unknown"),
    IncidentUnknown: (404, "incident.unknown"),
    IncidentWrongStatus: (409, "incident.wrong_status"),
    IncidentNotApart: (422, "incident.not_apart"),
    IncidentNotSplit: (422, "incident.not_split"),
    IncidentSleepsTooLong: (422, "incident.sleeps_too_long"),
    IncidentOutsideSector: (422, "incident.outside_sector"),
    IncidentNotYet: (422, "incident.not_yet"),
    UnitAheadOfTime: (422, "unit.ahead_of_time"),
    TrackUnknown: (404, "track.unknown"),
    PlotsNone: (404, "plots.none"),
    LiveTooMany: (503, "live.too_many"),
    SensorUnknown: (404, "sensor.unknown"),
    RangeUnsatisfiable: (416, "request.range_unsatisfiable"),
    FootageUnknown: (404, "footage.unknown"),
    FootageNotKept: (404, "footage.not_kept"),
    FootageNoCamera: (422, "footage.no_camera"),
    FootageTimesInvalid: (422, "footage.times_invalid"),
    FootageNotYet: (422, "footage.not_yet"),
    FootageTooMany: (429, "footage.too_many"),
    FootageTooManyViewers: (429, "footage.too_many_viewers"),
    FootageMalformed: (400, "footage.malformed"),
    FootageNotAsked: (410, "footage.not_asked"),
    FootageCodeWrong: (422, "footage.code_wrong"),
    FootageMediaWrong: (422, "footage.media_wrong"),
    FootageOctetsWrong: (422, "footage.octets_wrong"),
    FootageSensorForeign: (403, "footage.sensor_foreign"),
    EnvelopeSignatureWrong: (401, "envelope.signature_wrong"),
    EnvelopeEdgeMismatch: (403, "envelope.edge_mismatch"),
    MapInvalid: (422, "map.invalid"),
    DatabaseAway: (503, "database.away"),
    AuditBroken: (500, "audit.broken"),
}


def lookup(error: type[WatchlineError]) -> tuple[int, str]:
    """Status and code of an error class; a class that is not in the table has its parent's."""
    for kind in error.__mro__:
        if kind in _TABLE:
            return _TABLE[kind]
    return _TABLE[WatchlineError]


def problem(error: WatchlineError) -> dict[str, Any]:
    """The body of application/problem+json (RFC 9457): `type`, `status`, `code`, `params`.

    >>> problem(IncidentWrongStatus(status="resolved"))["code"]
    'incident.wrong_status'
    """
    return {
        "type": f"urn:watchline:problem:{error.code}",
        "status": error.status,
        "code": error.code,
        "params": error.params,
    }
