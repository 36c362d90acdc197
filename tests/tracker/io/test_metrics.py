"""What is counted for an operator."""

from __future__ import annotations

import pytest

from tracker.events import CrossingConfirmed, Event, UnitSeen, encode
from tracker.io.batch import Told
from tracker.io.hub import HubStatistics
from tracker.io.metrics import CONTENT_TYPE, Metrics, Tally
from tracker.io.service import Committed
from tracker.io.timings import Timings


def metrics() -> Metrics:
    """Of a server with two viewers, one of them slow, and seven units."""
    statistics = HubStatistics(2, 50, 6_000, 3, 1, 900, 800)
    return Metrics(lambda: statistics, lambda: 7, Timings())


def committed(*events: Event) -> Committed:
    """Events as the service tells of them."""
    return Committed([Told(number, event, encode(event), 0, None) for number, event in enumerate(events, start=1)], {})


def test_crossings_are_counted_by_border_and_kind() -> None:
    counted = metrics()
    crossing = CrossingConfirmed(
        id="a", time="2026-11-23T14:02:11.000Z", unit="BE-1", from_="BE", to="NL", border="BE-NL", lon=4.7, lat=51.5,
        crossed_at="2026-11-23T14:02:10.000Z", uncertainty_m=5.0, uncertainty_s=0.2, confidence=0.99,
    )  # fmt: skip
    counted.count_commit(committed(crossing, UnitSeen(id="b", time="2026-11-23T14:02:11.000Z", unit="BE-1")))
    counted.count_commit(committed(crossing))

    lines = counted.render().decode().splitlines()
    assert 'drempelloos_crossings_total{border="BE-NL",kind="confirmed"} 2.0' in lines
    assert 'drempelloos_events_total{type="unit.seen"} 1.0' in lines
    assert "drempelloos_commits_total 2.0" in lines


def test_the_fan_out_is_read_when_asked() -> None:
    lines = metrics().render().decode().splitlines()

    for line in (
        "drempelloos_units 7.0",
        "drempelloos_viewers 2.0",
        "drempelloos_viewer_frames_sent_total 50.0",
        "drempelloos_viewer_bytes_sent_total 6000.0",
        "drempelloos_viewer_frames_skipped_total 3.0",
        "drempelloos_viewers_aborted_total 1.0",
        "drempelloos_viewer_buffered_bytes 900.0",
        "drempelloos_viewer_largest_buffer_bytes 800.0",
    ):
        assert line in lines


def test_pings_are_counted_by_source_and_verdict() -> None:
    counted = metrics()
    counted.count_pings("socket", accepted=3, refused=0)
    counted.count_pings("http", accepted=0, refused=2, postponed=4)

    lines = [line for line in counted.render().decode().splitlines() if line.startswith("drempelloos_pings_total")]
    assert lines == [
        'drempelloos_pings_total{source="socket",verdict="accepted"} 3.0',
        'drempelloos_pings_total{source="socket",verdict="refused"} 0.0',
        'drempelloos_pings_total{source="socket",verdict="postponed"} 0.0',
        'drempelloos_pings_total{source="http",verdict="accepted"} 0.0',
        'drempelloos_pings_total{source="http",verdict="refused"} 2.0',
        'drempelloos_pings_total{source="http",verdict="postponed"} 4.0',
    ]


def test_two_servers_in_one_process_count_apart() -> None:
    one, other = metrics(), metrics()
    one.count_pings("http", accepted=1, refused=0, took_s=0.1)

    assert b'source="http",verdict="accepted"} 1.0' in one.render()
    assert b'source="http",verdict="accepted"} 0.0' in other.render()
    assert CONTENT_TYPE.startswith("text/plain")


def test_what_is_measured_is_counted_up_to_each_bound() -> None:
    timings = Timings()
    for took_s, times in ((0.0004, 1), (0.1, 20), (0.11, 3), (60.0, 1)):
        timings.ack["socket"].add(took_s, times)

    counted = {
        (sample.name.rpartition("_")[2], sample.labels.get("le")): sample.value
        for metric in timings.collect()
        for sample in metric.samples
        if sample.labels.get("source") == "socket"
    }
    assert counted["bucket", "0.001"] == 1
    assert counted["bucket", "0.05"] == 1
    assert counted["bucket", "0.1"] == 21, "a value that is a bound lies below it"
    assert counted["bucket", "0.25"] == counted["bucket", "10.0"] == 24
    assert counted["bucket", "+Inf"] == counted["count", None] == 25
    assert counted["sum", None] == pytest.approx(0.0004 + 2.0 + 0.33 + 60.0)


@pytest.mark.parametrize("result", ["ok", "refused", "delayed"])
def test_what_never_happened_is_there_with_none(result: str) -> None:
    counts: dict[tuple[str, ...], int] = {("link", result): 0}
    counted = metrics()
    counted.add(Tally("drempelloos_sign_ins", "says", ("way", "result"), counts))

    assert f'drempelloos_sign_ins_total{{result="{result}",way="link"}} 0.0' in counted.render().decode()
    counts["link", result] += 1
    assert f'drempelloos_sign_ins_total{{result="{result}",way="link"}} 1.0' in counted.render().decode()
