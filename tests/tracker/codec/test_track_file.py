"""Track files of every kind give the same pings, and name the place of whatever is wrong in them."""

import io
import json
import time
from collections.abc import Iterator, Mapping

import pytest

from tracker.codec.track_file import read_track
from tracker.errors import Refused
from tracker.fix import Ping

T0 = 1795442531.0
"""2026-11-23T14:02:11Z"""


def pings(name: str, body: str | bytes, unit: str | None = None) -> list[Ping]:
    return list(read_track(name, io.BytesIO(body.encode() if isinstance(body, str) else body), unit))


def the_refusal(name: str, body: str | bytes, unit: str | None = None) -> Refused:
    with pytest.raises(Refused) as caught:
        pings(name, body, unit)
    assert caught.value.reason.isascii()
    assert caught.value.reason.isprintable()
    return caught.value


def gpx(points: str, name: str = "BE-K03", head: str = "") -> str:
    return (
        f'<?xml version="1.0"?>{head}\n<gpx version="1.1" xmlns="http://www.topografix.com/GPX/1/1">'
        f"<trk><name>{name}</name><trkseg>\n{points}\n</trkseg></trk></gpx>"
    )


POINT = '<trkpt lat="51.4859" lon="4.7353"><ele>11</ele><time>2026-11-23T14:02:11Z</time>{}</trkpt>\n'


class TestGpx:
    def test_a_track_names_its_unit_and_leaves_accuracy_unknown(self) -> None:
        assert pings("a.gpx", gpx(POINT.format(""))) == [Ping("BE-K03", T0, 4.7353, 51.4859)]

    def test_the_unit_given_comes_first_and_a_title_is_no_unit(self) -> None:
        assert pings("a.gpx", gpx(POINT.format("")), "NL-1")[0].unit == "NL-1"
        assert pings("Night shift 3.GPX", gpx(POINT.format(""), "Night shift!"))[0].unit == "Night-shift-3"

    def test_speed_course_and_accuracy_come_from_the_point_or_its_extensions(self) -> None:
        extensions = (
            '<extensions><t:TrackPointExtension xmlns:t="http://www.garmin.com/xmlschemas/TrackPointExtension/v2">'
            "<t:speed>36.1</t:speed><t:course>208.1</t:course></t:TrackPointExtension>"
            "<accuracy>4.5</accuracy></extensions>"
        )
        (ping,) = pings("a.gpx", gpx(POINT.format(extensions)))
        assert (ping.speed, ping.course, ping.acc) == (36.1, 208.1, 4.5)

    def test_a_time_without_offset_is_utc_as_the_format_says(self) -> None:
        body = gpx(POINT.format("").replace("14:02:11Z", "14:02:11.250"))
        assert pings("a.gpx", body)[0].t == T0 + 0.25

    def test_a_prefixed_document_is_read_as_well(self) -> None:
        body = gpx(POINT.format("")).replace("<", "<g:").replace("<g:/", "</g:").replace("<g:?", "<?")
        assert len(pings("a.gpx", body.replace("xmlns=", "xmlns:g="))) == 1

    def test_routes_and_waypoints_are_not_tracks(self) -> None:
        body = '<gpx version="1.1"><wpt lat="1" lon="2"/><rte><rtept lat="1" lon="2"/></rte></gpx>'
        assert pings("a.gpx", body) == []

    @pytest.mark.parametrize(
        ("point", "field", "reason"),
        [
            ('<trkpt lat="91" lon="4"><time>2026-11-23T14:02:11Z</time></trkpt>', "lat", "91 is outside"),
            (
                '<trkpt lat="nan" lon="4"><time>2026-11-23T14:02:11Z</time></trkpt>',
                "lat",
                '"nan" is not a number',
            ),
            ('<trkpt lat="51"><time>2026-11-23T14:02:11Z</time></trkpt>', "lon", "missing"),
            ('<trkpt lat="51" lon="4"/>', "time", "missing"),
            ('<trkpt lat="51" lon="4"><time>yesterday</time></trkpt>', "time", '"yesterday" is neither'),
            (
                '<trkpt lat="51" lon="4"><time>2026-02-30T14:02:11Z</time></trkpt>',
                "time",
                '"2026-02-30T14:02:11Z" is',
            ),
            (
                "<trkpt lat='51' lon='4'><time>" + "1" * 2000 + "</time></trkpt>",
                "time",
                "more than 1000 characters",
            ),
            ("<oops>", "", "not XML: mismatched tag"),
        ],
    )
    def test_errors_name_line_and_field(self, point: str, field: str, reason: str) -> None:
        refused = the_refusal("a.gpx", gpx(POINT.format("") + point))
        assert refused.field == field
        assert refused.reason.startswith(f"a.gpx: line {5 if point == '<oops>' else 4}: {reason}")

    def test_document_type_declarations_end_the_reading_at_once(self) -> None:
        laughs = '<!DOCTYPE gpx [<!ENTITY a "ha">' + "".join(
            f'<!ENTITY {b} "{f"&{a};" * 10}">' for a, b in zip("abcdefghi", "bcdefghij", strict=True)
        )
        for head in (laughs + "]>", '<!DOCTYPE gpx SYSTEM "file:///etc/passwd">', "<!DOCTYPE gpx>"):
            for encoding in ("utf-8", "utf-16"):
                body = gpx(POINT.format(""), "&j;", head).replace('"1.0"', f'"1.0" encoding="{encoding}"')
                started = time.perf_counter()
                assert "document type declaration" in the_refusal("a.gpx", body.encode(encoding)).reason
                assert time.perf_counter() - started < 0.05

    def test_depth_and_size_are_bounded(self) -> None:
        started = time.perf_counter()
        assert "nested more than 32 deep" in the_refusal("a.gpx", "<gpx>" + "<a>" * 100_000).reason
        long_tag = '<gpx a="' + "x\n" * 200_000
        assert "a tag or comment of more than" in the_refusal("a.gpx", long_tag).reason
        assert time.perf_counter() - started < 1.0

    def test_a_file_that_never_ends_is_refused(self) -> None:
        def endless() -> Iterator[bytes]:
            yield b"<gpx>"
            while True:
                yield b" " * 1_000_000

        with pytest.raises(Refused, match="more than 67108864 bytes"):
            list(read_track("a.gpx", endless()))

    def test_two_units_are_merged_by_time(self) -> None:
        one = gpx(POINT.format("") + POINT.format("").replace("14:02:11", "14:02:13"))
        other = POINT.format("").replace("14:02:11", "14:02:12")
        body = one.replace("</trk></gpx>", f"</trk><trk><name>NL-1</name><trkseg>{other}</trkseg></trk></gpx>")
        assert [(ping.unit, ping.t - T0) for ping in pings("a.gpx", body)] == [
            ("BE-K03", 0),
            ("NL-1", 1),
            ("BE-K03", 2),
        ]


def feature(geometry: Mapping[str, object], properties: Mapping[str, object] | None) -> dict[str, object]:
    return {"type": "Feature", "geometry": geometry, "properties": properties}


LINE = {"type": "LineString", "coordinates": [[4.7353, 51.4859, 11.0], [4.7355, 51.4861]]}
TIMES = ["2026-11-23T14:02:11Z", "2026-11-23T15:02:12.5+01:00"]


class TestGeoJson:
    @pytest.mark.parametrize(
        "properties",
        [
            {"coordTimes": TIMES},
            {"times": [T0, T0 + 1.5]},
            {"coordinateProperties": {"times": TIMES}, "name": "anything else", "deep": [[[[{}]]]]},
        ],
    )
    def test_a_line_with_times(self, properties: dict[str, object]) -> None:
        expected = [Ping("BE-K03", T0, 4.7353, 51.4859), Ping("BE-K03", T0 + 1.5, 4.7355, 51.4861)]
        body = json.dumps(feature(LINE, {"unit": "BE-K03", **properties}))
        assert pings("a.geojson", body) == expected
        collection = {"type": "FeatureCollection", "features": [feature(LINE, properties)]}
        assert pings("a.json", json.dumps(collection), "BE-K03") == expected

    def test_several_lines_with_times(self) -> None:
        lines = {"type": "MultiLineString", "coordinates": [LINE["coordinates"], LINE["coordinates"]]}
        assert len(pings("a.geojson", json.dumps(feature(lines, {"coordTimes": [TIMES, TIMES]})))) == 4

    def test_points_with_times(self) -> None:
        point = {"type": "Point", "coordinates": [4.7353, 51.4859]}
        told = {"boot": "a1", "seq": 3, "acc": 6, "speed": 36.1, "course": 208.1}
        body = {
            "type": "FeatureCollection",
            "features": [
                feature(point, {"unit": "BE-K03", "t": T0, **told}),
                feature(point, {"time": TIMES[1]}),
            ],
        }
        first, second = pings("my track.geojson", json.dumps(body))
        assert first == Ping("BE-K03", T0, 4.7353, 51.4859, "a1", 3, 6.0, 36.1, 208.1)
        assert (second.unit, second.t, second.acc) == ("my-track", T0 + 1.5, None)

    @pytest.mark.parametrize(
        ("body", "field", "reason"),
        [
            (feature(LINE, None), "coordTimes", "feature 0: missing"),
            (feature(LINE, {"coordTimes": TIMES[:1]}), "times", "feature 0: 1 times for 2 positions"),
            (feature(LINE, {"coordTimes": [TIMES[0], "x"]}), "time", 'feature 0, position 1: "x" is neither'),
            (feature(LINE, {"coordTimes": [TIMES[0], True]}), "", "feature 0, times: Expected `"),
            (
                feature({"type": "LineString", "coordinates": [[4, 91], [4, 5]]}, {"times": TIMES}),
                "lat",
                "feature 0, position 0: 91 is outside",
            ),
            (
                feature({"type": "Point", "coordinates": [4]}, {"t": T0}),
                "coordinates",
                "feature 0: 1 numbers",
            ),
            (feature({"type": "Point", "coordinates": [4, 51]}, {}), "time", "feature 0: missing"),
            (feature({"type": "Polygon", "coordinates": []}, {}), "", "Invalid value 'Polygon'"),
            ({"type": "LineString", "coordinates": []}, "", "Invalid value 'LineString'"),
            (feature(LINE, {"unit": "\n", "times": TIMES}), "unit", "feature 0, position 0: only ASCII"),
        ],
    )
    def test_errors_name_feature_position_and_field(self, body: object, field: str, reason: str) -> None:
        refused = the_refusal("a.geojson", json.dumps(body))
        assert refused.field == field
        assert refused.reason.startswith(f"a.geojson: {reason}")

    def test_deep_and_broken_documents_are_refused(self) -> None:
        for body in (
            '{"type":"Feature","x":' + "[" * 100_000,
            b'{"type":"\xff"}',
            "",
            "[NaN]",
            '{"type":1e400}',
        ):
            the_refusal("a.geojson", body)


class TestCsv:
    def test_columns_come_in_any_order(self) -> None:
        body = (
            "\ufefflat, lon ,time,seq,boot,unit,acc,speed,course\r\n"
            "51.4859,4.7353,2026-11-23T14:02:11Z,17,a1,BE-K03,6,,\r\n"
        )
        assert pings("a.csv", body) == [Ping("BE-K03", T0, 4.7353, 51.4859, "a1", 17, 6.0)]

    def test_nameless_rows_are_of_the_unit_given_or_called_after_the_file(self) -> None:
        body = f"t,lon,lat\n{T0},4.7353,51.4859\n\n"
        assert pings("BE-K03.csv", body) == [Ping("BE-K03", T0, 4.7353, 51.4859)]
        assert pings("BE-K03.csv", body, "NL-1")[0].unit == "NL-1"

    @pytest.mark.parametrize(
        ("body", "field", "reason"),
        [
            ("", "", "no header"),
            ("t,lon\n", "lat", "line 1: missing column"),
            ("lon,lat\n", "t", "line 1: missing column"),
            ("t,time,lon,lat\n", "time", "line 1: t is given too"),
            ("t,lon,lon,lat\n", "lon", "line 1: given twice"),
            ("t;lon;lat\n", "t;lon;lat", "line 1: unknown column"),
            ("t,lon,lat,height\n", "height", "line 1: unknown column"),
            (f"t,lon,lat\n{T0},4,51\n{T0},4\n", "", "line 3: 2 cells; the header has 3"),
            (f"t,lon,lat\n{T0},4,91\n", "lat", "line 2: 91 is outside"),
            (f"t,lon,lat\n{T0},4,\n", "lat", "line 2: missing"),
            (f"t,lon,lat\n{T0},4,nan\n", "lat", 'line 2: "nan" is not a number'),
            (f"t,lon,lat\n{T0},4,5_1\n", "lat", 'line 2: "5_1" is not a number'),
            (
                "t,lon,lat\n2026-11-23T14:02:11,4,51\n",
                "t",
                'line 2: "2026-11-23T14:02:11" does not say its offset',
            ),
            (f"t,lon,lat,seq\n{T0},4,51,1.0\n", "seq", 'line 2: "1.0" is not an integer'),
            (f"t,lon,lat,seq\n{T0},4,51,1\n", "boot", "line 2: missing"),
            (f't,lon,lat\n{T0},4,"51\n', "", "line 2: unexpected end of data"),
            (f"t,lon,lat,unit\n{T0},4,51,a\x1b[31m\n", "unit", "line 2: only ASCII"),
        ],
    )
    def test_errors_name_line_and_column(self, body: str, field: str, reason: str) -> None:
        refused = the_refusal("a.csv", body)
        assert refused.field == field
        assert refused.reason.startswith(f"a.csv: {reason}")

    def test_bytes_that_are_not_utf8_are_shown_escaped(self) -> None:
        refused = the_refusal("a.csv", b"t,lon,lat\n1795442531,4,5\xff\n")
        assert refused.reason == r'a.csv: line 2: "5\udcff" is not a number'


class TestNdjson:
    LINE = '{"unit":"BE-K03","boot":"a1","seq":17,"t":1795442531,"lon":4.7353,"lat":51.4859}\n'

    def test_lines_are_read_as_they_come(self) -> None:
        def lines() -> Iterator[bytes]:
            yield self.LINE.encode()
            yield b"\n"
            yield f"[{self.LINE.strip()},{self.LINE.strip()}]\n".encode()
            raise AssertionError("read ahead")

        track = read_track("a.ndjson", lines())
        assert [next(track).seq for _ in range(3)] == [17, 17, 17]

    def test_one_unit_can_be_picked(self) -> None:
        body = self.LINE + self.LINE.replace("BE-K03", "NL-1")
        assert [ping.unit for ping in pings("a.jsonl", body, "NL-1")] == ["NL-1"]
        refused = the_refusal("a.jsonl", body, "LU-1")
        assert (refused.field, refused.reason) == ("unit", "a.jsonl: nothing of LU-1; there is BE-K03, NL-1")

    @pytest.mark.parametrize(
        ("line", "field", "reason"),
        [
            ("{", "", "line 2: not JSON from byte"),
            (LINE.replace("51.4859", "NaN"), "lat", "line 2: NaN is not a number"),
            (LINE.replace("51.4859", "91"), "lat", "line 2: 91 is outside -90 to 90 degrees"),
            (LINE.replace('"lat"', '"let"'), "let", "line 2: unknown field"),
        ],
    )
    def test_errors_name_line_and_field(self, line: str, field: str, reason: str) -> None:
        refused = the_refusal("a.ndjson", self.LINE + line)
        assert refused.field == field
        assert refused.reason.startswith(f"a.ndjson: {reason}")


def test_an_unknown_kind_is_refused_by_name() -> None:
    refused = the_refusal("dir/a\n.kml", "")
    assert refused.reason.startswith(r'a\n.kml: ".kml" is not a kind of track; known are .gpx, ')


def test_a_unit_that_cannot_be_one_is_refused() -> None:
    assert the_refusal("a.csv", "t,lon,lat\n", "BE K03").field == "unit"
