"""Why a rule held for a track at a time, or which of its predicates failed first; pure.

The track's own updates run through the same step as live, first with the rule's bare condition
and then with one qualifier after another: the first with which nothing is told any more is the
one that failed.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from watchline.geofences.index import compile_index
from watchline.geofences.model import Geofence, GeofenceKind
from watchline.geofences.silence import SILENCING
from watchline.rules import engine
from watchline.rules.kind import read_params
from watchline.rules.lines import stand_of
from watchline.rules.model import Finding, Rule
from watchline.rules.state import RuleState
from watchline.tracks.model import TrackUpdates

#: A finding within this of the time asked for is an answer.
WITHIN_US = 60_000_000
#: In the order in which they are asked.
QUALIFIERS = ("classes", "min_hits", "min_age_s", "max_sigma_m", "armed", "hours", "affiliation")
_MOST_PLOTS = 20


def explain(
    updates: TrackUpdates,
    rule: Rule,
    geofences: Mapping[str, Geofence],
    at_us: int,
    *,
    zone: str = "UTC",
) -> dict[str, Any]:
    """What the rule made of one track around `at_us`, as JSON.

    `fired`, the `findings`, and else `failed`: the `predicate` plots, condition, one of QUALIFIERS,
    in_force or heard (its plots were in an exclusion, or beyond the detection limits), with what
    was `asked` and `had`; `inputs` are the plots around.
    Raises RuleInvalid for a rule that cannot be judged.
    """
    geofence = geofences[rule.geofence_id]
    inputs = _inputs(updates, geofence, at_us)
    answer: dict[str, Any] = {
        "rule": rule.id,
        "rule_version": rule.version,
        "kind": rule.kind,
        "geofence": geofence.id,
        "geofence_version": geofence.version,
        "inputs": inputs,
    }
    if not inputs:
        return answer | _failed("plots", "within 60 s", None)
    read_params(rule.kind, rule.params, geofence.kind)
    asked = rule.params
    # Everything off, then on again one by one.
    loose = {name: value for name, value in asked.items() if name not in QUALIFIERS}
    loose |= {"classes": {}, "affiliation": "any"}
    real = list(geofences.values())
    alarms = [each for each in real if each.purpose not in SILENCING]
    ever = [replace(each, schedule=None, pauses=()) for each in alarms]
    found = _around(updates, rule, loose, ever, at_us, zone)
    if not found:
        return answer | _failed("condition", loose, _reached(inputs))
    for name in QUALIFIERS:
        before = found
        if name in asked:
            loose = loose | {name: asked[name]}
        elif name in ("classes", "affiliation"):
            loose = {key: value for key, value in loose.items() if key != name}
        found = [
            finding
            for finding in _around(updates, rule, loose, ever, at_us, zone)
            if finding.suppressed is None
        ]
        if not found:
            value = asked.get(name, "other" if name == "affiliation" else "default")
            return answer | _failed(name, value, _had(updates, before[0], name))
    for name, those in (("in_force", alarms), ("heard", real)):
        found = _around(updates, rule, loose, those, at_us, zone)
        if not found:
            return answer | _failed(name, geofence.id, False)
    told = [{"at_us": finding.at_us, "evidence": finding.evidence} for finding in found]
    return answer | {"fired": True, "findings": told, "failed": None}


def _failed(predicate: str, asked: Any, had: Any) -> dict[str, Any]:
    failed = {"predicate": predicate, "asked": asked, "had": had}
    return {"fired": False, "findings": [], "failed": failed}


def _around(
    updates: TrackUpdates,
    rule: Rule,
    params: dict[str, Any],
    geofences: list[Geofence],
    at_us: int,
    zone: str,
) -> list[Finding]:
    """The findings of the rule with these parameters near the time."""
    made = engine.compile_rules(
        geofences,
        [
            Rule(
                id=rule.id,
                version=rule.version,
                kind=rule.kind,
                geofence_id=rule.geofence_id,
                severity=rule.severity,
                params=params,
            )
        ],
        zone=zone,
    )
    for refused in made.refused:
        raise refused
    state, found = engine.step(RuleState.empty(), updates, None, made)
    nothing = updates.take(np.zeros(0, np.intp))
    _, last = engine.step(state, nothing, at_us + WITHIN_US, made)
    return [finding for finding in (*found, *last) if abs(finding.at_us - at_us) <= WITHIN_US]


def _inputs(updates: TrackUpdates, geofence: Geofence, at_us: int) -> list[dict[str, Any]]:
    """The plots nearest to the time, with where they stood to the geofence."""
    near = np.flatnonzero(updates.plot & (np.abs(updates.at_us - at_us) <= WITHIN_US))
    nearest = near[np.argsort(np.abs(updates.at_us[near] - at_us), kind="stable")]
    rows = np.sort(nearest[:_MOST_PLOTS])
    plots = updates.take(rows)
    index = compile_index([geofence])
    inside = np.zeros(len(plots))
    if geofence.kind is GeofenceKind.AREA:
        pairs = index.probabilities(
            plots.x_m, plots.y_m, plots.var_x_m2, plots.cov_xy_m2, plots.var_y_m2
        )
        has = np.diff(pairs.start) > 0
        inside[has] = pairs.p
    told = []
    for k in range(len(plots)):
        place: dict[str, Any] = {
            "at_us": int(plots.at_us[k]),
            "x_m": round(float(plots.x_m[k]), 1),
            "y_m": round(float(plots.y_m[k]), 1),
            "sigma_m": round(_sigma_m(plots, k), 1),
            "speed_mps": round(float(np.hypot(plots.vx_mps[k], plots.vy_mps[k])), 2),
            "hits": int(plots.hits[k]),
            "age_s": round((int(plots.at_us[k]) - int(plots.first_us[k])) / 1e6, 1),
        }
        if geofence.kind is GeofenceKind.AREA:
            place["p_inside"] = round(float(inside[k]), 4)
        else:
            place["z"] = round(
                stand_of(
                    index.line_grid, 0, float(plots.x_m[k]), float(plots.y_m[k]),
                    float(plots.var_x_m2[k]), float(plots.cov_xy_m2[k]), float(plots.var_y_m2[k]),
                ),
                2,
            )  # fmt: skip
        told.append(place)
    return told


def _sigma_m(plots: TrackUpdates, k: int) -> float:
    covariance = [
        [plots.var_x_m2[k], plots.cov_xy_m2[k]],
        [plots.cov_xy_m2[k], plots.var_y_m2[k]],
    ]
    return float(np.sqrt(np.linalg.eigvalsh(covariance)[-1]))


def _reached(inputs: list[dict[str, Any]]) -> dict[str, Any]:
    """The best that any plot had to offer."""
    if "p_inside" in inputs[0]:
        return {"p_inside": max(plot["p_inside"] for plot in inputs)}
    z = [plot["z"] for plot in inputs]
    return {"z_from": min(z), "z_to": max(z)}


def _had(updates: TrackUpdates, finding: Finding, name: str) -> Any:
    """What the track of a finding had of a qualifier when it happened."""
    row = int(np.argmin(np.abs(updates.at_us - finding.at_us)))
    if name == "classes":
        return [round(float(p), 3) for p in updates.classes[row]]
    if name == "min_hits":
        return int(updates.hits[row])
    if name == "min_age_s":
        return round((int(updates.at_us[row]) - int(updates.first_us[row])) / 1e6, 1)
    if name == "max_sigma_m":
        return round(_sigma_m(updates, row), 1)
    if name == "affiliation":
        return finding.evidence.get("friendly")
    return finding.at_us
