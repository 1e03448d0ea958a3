"""Geofences from and to files, into PostGIS and out again."""

import json

import numpy as np
import pyogrio
import pytest
import shapely
from pyproj import Transformer
from shapely import affinity

from plain_sector import lon_lat, ring
from watchline.errors import GeodataUnreadable, WatchlineError
from watchline.geofences import files
from watchline.geofences.files import Feature, Format
from watchline.rules import import_zones, zone_files, zones

NIGHT = {"weekly": [{"day": 0, "start": "22:00", "end": "06:00"}], "light": ["dark"]}


async def bring(hub, data, format=Format.GEOJSON, **more):
    return await import_zones.put(hub.app.state.engine, "test", data, format, actor="me", **more)


async def there(hub):
    async with hub.app.state.engine.connect() as connection:
        return {view["id"]: view for view in await zones.in_force(connection, "test")}


def geojson(*features):
    return json.dumps(
        {
            "type": "FeatureCollection",
            "features": [
                {"type": "Feature", "properties": properties, "geometry": geometry}
                for properties, geometry in features
            ],
        }
    ).encode()


def polygon(*rings):
    return {"type": "Polygon", "coordinates": [list(one) for one in rings]}


async def test_what_is_written_comes_back_as_no_change(hub, admin):
    url = "/api/sectors/test/geofences"
    circle = {"type": "Circle", "coordinates": lon_lat(0, 0), "radius_m": 250.0}
    band = {"type": "Corridor", "coordinates": [lon_lat(0, 0), lon_lat(500, 90)], "left_m": 50.0}
    holed = polygon(ring(0, 0, 400), ring(0, 0, 100))
    for draft in (
        {
            "id": "a",
            "name": "Łąka ж",
            "kind": "area",
            "geom": holed,
            "p_in": 0.8,
            "schedule": NIGHT,
        },
        {"id": "b", "name": "B", "kind": "area", "geom": circle, "purpose": "exclusion"},
        {"id": "c", "name": "C", "kind": "area", "geom": band, "rules": []},
    ):
        assert (await admin.post(url, json=draft)).status_code == 201
    for format in Format:
        before = await there(hub)
        assert len(before) == 5
        data = zone_files.write(list(before.values()), format)
        done = await bring(hub, data, format)
        assert (done.geofences, done.changed, done.repairs) == (5, 0, [])
        assert await there(hub) == before
        hub.execute("UPDATE geofence SET valid_to = now(); UPDATE rule SET valid_to = now()")
        assert (await bring(hub, data, format)).changed == 5
        after = await there(hub)
        for id, view in before.items():
            for key in (
                "name",
                "kind",
                "purpose",
                "drawn",
                "directions",
                "p_in",
                "p_out",
                "schedule",
            ):
                assert after[id][key] == view[key], (id, key)
            assert [r["id"] for r in after[id]["rules"]] == [r["id"] for r in view["rules"]]
            assert shapely.equals_exact(
                *(shapely.from_geojson(json.dumps(v["geom"])) for v in (view, after[id])), 1e-8
            )


async def test_a_feature_without_fields_gets_a_name_and_its_default_rule(hub):
    done = await bring(hub, geojson(({}, polygon(ring(0, 0, 99)))))
    assert done.changed == 1
    view = (await there(hub))["imported-1"]
    assert (view["kind"], [rule["kind"] for rule in view["rules"]]) == ("area", ["enter"])


SQUARE = ring(0, 0, 400)
SPIKE = [*SQUARE[:2], lon_lat(900, -200), SQUARE[1], *SQUARE[2:]]


async def test_what_is_certain_is_repaired_and_told(hub):
    for rings, repairs in (
        ([SQUARE], []),
        ([[*SQUARE[:2], SQUARE[1], *SQUARE[2:]]], ["points_repeated"]),
        ([SPIKE], ["ring_mended"]),
    ):
        done = await bring(hub, geojson(({"id": "it"}, polygon(*rings))))
        assert done.repairs == [{"geofence": "it", "repair": repair} for repair in repairs]
        made = shapely.from_geojson(json.dumps((await there(hub))["it"]["geom"]))
        assert made.symmetric_difference(shapely.Polygon(SQUARE)).area < 1e-10


async def test_an_open_ring_is_closed_and_told(hub):
    open_ = shapely.to_wkb(shapely.Polygon(SQUARE), hex=True, byte_order=1)
    # The last of five points is left out: the count says four.
    head, points = open_[:18], open_[26:]
    wkb = bytes.fromhex(head + "04000000" + points[: 4 * 32])
    found = files._feature(wkb, {})
    assert found.ring_closed and found.geometry.equals(shapely.Polygon(SQUARE))
    done = await bring(hub, geojson(({"id": "it"}, polygon(SQUARE[:-1]))))
    assert [r["repair"] for r in done.repairs] == ["ring_closed"]


BOW = [lon_lat(0, 0), lon_lat(100, 100), lon_lat(100, 0), lon_lat(0, 100), lon_lat(0, 0)]
LOOP = [*ring(0, 0, 400)[:-1], *ring(0, 0, 400)]  # around twice
MULTI = {"type": "MultiPolygon", "coordinates": [[ring(0, 0, 99)], [ring(500, 0, 99)]]}


REFUSED = [
    ({}, polygon(BOW), "geofence.invalid", "self_intersection"),
    ({}, polygon(LOOP), "geofence.invalid", "self_intersection"),
    ({}, MULTI, "geofence.invalid", "many_parts"),
    ({}, None, "geofence.invalid", "no_geometry"),
    ({}, {"type": "Point", "coordinates": lon_lat(0, 0)}, "geofence.invalid", "wrong_type"),
    ({"kind": "circle"}, polygon(SQUARE), "geofence.invalid", "wrong_type"),
    ({"p_in": 2.0}, polygon(SQUARE), "geofence.invalid", "fields_invalid"),
    ({"kind": "blob"}, polygon(SQUARE), "geofence.invalid", "fields_invalid"),
    ({"rules": "["}, polygon(SQUARE), "geofence.invalid", "fields_invalid"),
    ({"rules": '[{"kind": "cross"}]'}, polygon(SQUARE), "rule.invalid", "geofence_kind_wrong"),
    ({}, polygon(ring(90_000, 0, 99)), "geofence.outside_sector", None),
    ({}, polygon(ring(0, 0, 0.01)), "geofence.invalid", "area_too_small"),
]


async def test_what_cannot_be_used_is_refused_by_name_and_nothing_is_kept(hub):
    before = await there(hub)
    good = ({"id": "good"}, polygon(SQUARE))
    for properties, geometry, code, reason in REFUSED:
        with pytest.raises(WatchlineError) as refused:
            await bring(hub, geojson(good, ({"id": "bad", **properties}, geometry)))
        assert refused.value.code == code and refused.value.params["geofence"] == "bad"
        assert refused.value.params.get("reason") == reason
    with pytest.raises(WatchlineError) as refused:
        await bring(hub, geojson(good, good))
    assert refused.value.params["reason"] == "id_twice"
    assert await there(hub) == before


def in_system(crs, swapped=False):
    def move(points):
        x, y = Transformer.from_crs(4326, crs, always_xy=True).transform(*np.array(points).T)
        return np.column_stack([y, x] if swapped else [x, y]).tolist()

    return geojson(
        ({"id": "it"}, polygon(move(SQUARE))), ({"id": "on"}, polygon(move(ring(900, 0, 99))))
    )


async def test_another_system_is_seen_when_only_it_leads_into_the_sector(hub):
    for crs, swapped, repair in (
        (4326, False, None),
        (4326, True, "axes_swapped"),
        (3857, False, "crs_guessed:EPSG:3857"),
        (32635, False, "crs_guessed:EPSG:32635"),
        (32635, True, "crs_guessed:EPSG:32635,axes_swapped"),
    ):
        done = await bring(hub, in_system(crs, swapped))
        told = [] if repair is None else [{"geofence": "*", "repair": repair}]
        assert done.repairs == told
        made = shapely.from_geojson(json.dumps((await there(hub))["it"]["geom"]))
        assert made.symmetric_difference(shapely.Polygon(SQUARE)).area < 1e-9


async def test_an_unknown_system_is_refused(hub):
    with pytest.raises(WatchlineError) as refused:
        await bring(hub, in_system(2180))
    assert refused.value.params["geofence"] == "it"


async def test_a_file_that_says_its_system_needs_no_repair(hub, tmp_path):
    move = Transformer.from_crs(4326, 2180, always_xy=True).transform
    shape = shapely.transform(shapely.Polygon(SQUARE), lambda xy: np.column_stack(move(*xy.T)))
    path = tmp_path / "a.gpkg"
    pyogrio.raw.write(
        path,
        geometry=np.array([shapely.to_wkb(shape)], object),
        field_data=[np.array(["it"], object)],
        fields=["id"],
        geometry_type="Polygon",
        crs="EPSG:2180",
    )
    assert (await bring(hub, path.read_bytes(), Format.GEOPACKAGE)).repairs == []
    made = shapely.from_geojson(json.dumps((await there(hub))["it"]["geom"]))
    assert made.symmetric_difference(shapely.Polygon(SQUARE)).area < 1e-9


VRT = b'<OGRVRTDataSource><OGRVRTLayer name="passwd"><SrcDataSource>/etc/passwd</SrcDataSource>'


@pytest.mark.parametrize("format", list(Format))
@pytest.mark.parametrize(
    "data", [b"", b"{", b"{}", b"\0" * 99, VRT, b"<kml", b"SQLite format 3\0", b"fgb\x03"]
)
def test_what_is_no_such_file_is_refused_with_a_code(format, data):
    with pytest.raises(GeodataUnreadable):
        files.read(data, format)


@pytest.mark.parametrize("format", list(Format))
def test_a_cut_or_flipped_file_is_read_or_refused(format):
    whole = files.write(
        [Feature(geometry=shapely.Polygon(SQUARE), fields={"id": str(k)}) for k in range(20)],
        format,
        "some",
    )
    rng = np.random.default_rng(4)
    for _ in range(40):
        data = bytearray(whole[: rng.integers(1, len(whole) + 1)])
        for at in rng.integers(0, len(data), 3):
            data[at] ^= 1 << rng.integers(0, 8)
        try:
            files.read(bytes(data), format)
        except GeodataUnreadable:
            continue


async def test_thousands_are_brought_in_seconds(hub):
    rng = np.random.default_rng(5)
    places = rng.uniform(-15_000, 15_000, (1000, 2))
    octagon = shapely.Point(0, 0).buffer(100, quad_segs=2)
    features = []
    for number, (x, y) in enumerate(places):
        points = shapely.get_coordinates(affinity.translate(octagon, x, y))
        features.append(({"id": f"many-{number}"}, polygon([lon_lat(*p) for p in points])))
    shares = []
    done = await bring(hub, geojson(*features), progress=shares.append)
    assert done.changed == 1000 and shares == sorted(shares) and shares[-1] == 1.0
    assert hub.query("SELECT count(*) FROM rule WHERE valid_to IS NULL") == [(1003,)]


async def test_files_go_through_the_api(hub, admin):
    url = "/api/sectors/test/geofences"
    for format in Format:
        params = {"format": format.value}
        file = await admin.get(f"{url}/export", params=params)
        assert file.status_code == 200 and len(file.content) > 300
        kind = {"content-type": "application/octet-stream"}
        done = await admin.post(f"{url}/import", params=params, content=file.content, headers=kind)
        assert done.json() == {"geofences": 2, "changed": 0, "repairs": []}
    new = geojson(({"id": "new"}, polygon(SQUARE)))
    params = {"format": "geojson"}
    done = await admin.post(f"{url}/import", params=params, content=new, headers=kind)
    assert done.json()["changed"] == 1
    assert hub.query("SELECT op FROM audit_event ORDER BY no DESC LIMIT 1") == [
        ("geofence.import",)
    ]
    form = {"content-type": "text/plain"}
    refused = await admin.post(f"{url}/import", params=params, content=new, headers=form)
    assert refused.json()["code"] == "request.not_json"
    async with hub.browser() as nobody:
        for answer in (
            await nobody.get(f"{url}/export", params=params),
            await nobody.post(f"{url}/import", params=params, content=new, headers=kind),
        ):
            assert answer.status_code == 401
