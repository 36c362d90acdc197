"""What `/metrics` says of a real server moves as it must, every metric is written down for the operator, and no alert
asks for one that does not exist.
"""

from __future__ import annotations

import json
import re
import time
import urllib.request
from collections.abc import Iterator
from typing import Any

import pytest
import yaml
from prometheus_client.parser import text_string_to_metric_families

from tests.e2e.browser import drive, send
from tests.e2e.process import ROOT, Server

ALERTS: dict[str, Any] = yaml.safe_load((ROOT / "packaging/alerts.yml").read_text())
Metrics = dict[tuple[str, tuple[str, ...]], float]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server that asks everybody who he is."""
    running = Server(tmp_path_factory.mktemp("metrics") / "data").start()
    yield running
    running.stop()


def text_of(server: Server) -> str:
    request = urllib.request.Request(f"{server.http}/metrics", headers=server.session)
    with urllib.request.urlopen(request, timeout=30) as answer:
        body: bytes = answer.read()
    return body.decode()


def read(server: Server) -> Metrics:
    """Every sample, by its name and the values of its labels in the order of their names."""
    return {
        (sample.name.removeprefix("drempelloos_"), tuple(sample.labels.values())): sample.value
        for family in text_string_to_metric_families(text_of(server))
        for sample in family.samples
    }


def names(server: Server) -> set[str]:
    """Of the metrics that are ours."""
    return set(re.findall(r"^# TYPE (drempelloos_\S+) \S+$", text_of(server), flags=re.MULTILINE))


def test_every_number_moves_as_it_must(server: Server) -> None:
    token = server.token("--unit", "BE-K03", "--state", "BE")
    key = {"Authorization": f"Bearer {token}"}
    pings = drive("BE-K03")
    with server.live() as viewer:
        assert json.loads(viewer.recv(timeout=10))["type"] == "snapshot"
        before = read(server)
        with server.units(token) as unit:
            send(unit, pings[:-3])
            unit.send(json.dumps({**pings[-3], "lon": 444}))
            assert json.loads(unit.recv(timeout=10))["type"] == "refused"
        server.post("/api/v1/pings", [pings[-2], {**pings[-1], "unit": "NL-9"}], **key)
        assert server.status("/api/v1/session", b'{"name":"nobody","password":"not the right one"}')[0] == 401
        assert server.status("/api/v1/session", b'{"once":"nothing"}')[0] == 401
        while json.loads(viewer.recv(timeout=10))["type"] != "positions":
            pass
        now = read(server)

    def more(name: str, *labels: str) -> float:
        return now[name, labels] - before.get((name, labels), 0.0)

    for source, verdict, count in (
        ("socket", "accepted", len(pings) - 3),
        ("socket", "refused", 1),
        ("http", "accepted", 1),
        ("http", "refused", 1),
        ("http", "postponed", 0),
    ):
        assert more("pings_total", source, verdict) == count, (source, verdict)
    assert more("ping_ack_seconds_count", "socket") == len(pings) - 3
    assert 0 < more("ping_ack_seconds_sum", "socket") < 30 * len(pings)
    assert more("ping_ack_seconds_count", "http") == 1
    assert more("crossings_total", "BE-NL", "confirmed") == 1
    assert more("events_total", "crossing.confirmed") == 1
    assert more("ingest_to_viewer_seconds_count", "event") >= 2  # it was seen, and it crossed
    assert more("ingest_to_viewer_seconds_count", "position") >= 1
    assert more("commit_seconds_count") == more("group_inputs_count") >= 2
    assert more("group_inputs_sum") >= len(pings) - 2
    assert more("commit_seconds_bucket", "+Inf") == more("commit_seconds_count")
    assert more("sign_ins_total", "refused", "password") == 1
    assert more("sign_ins_total", "refused", "link") == 1
    assert now["sign_ins_total", ("ok", "link")] == 1, "the test itself signed in by the link of the first run"
    assert now["viewers", ()] == 1
    assert now["units", ()] == 1
    oldest = now["fix_age_seconds", ("1",)]
    assert 1.0 <= oldest <= time.time() - pings[-2]["t"], "its newest fix was two seconds old before it was sent"  # noqa: TID251
    assert now["fix_age_seconds", ("0.5",)] == oldest
    assert now["inputs_waiting", ()] == 0


def test_every_metric_is_written_down_and_no_other(server: Server) -> None:
    written = set(re.findall(r"`(drempelloos_[a-z_]+)", (ROOT / "docs/operations.md").read_text()))

    assert written == names(server)


def test_alerts_are_on_metrics_that_exist(server: Server) -> None:
    """Names, and the labels that are asked for with a value."""
    text, now = text_of(server), names(server)
    rules = [rule for group in ALERTS["groups"] for rule in group["rules"]]
    for rule in rules:
        expression = rule["expr"]
        used = re.findall(r"drempelloos_[a-z_]+", expression)
        assert {re.sub(r"_(bucket|count|sum)$", "", name) for name in used} <= now, rule
        for name, label, value in re.findall(r'(drempelloos_\w+)\{(\w+)!?="(\w+)"', expression):
            assert re.search(rf'^{name}\{{.*{label}="{value}"', text, flags=re.MULTILINE), (name, label, value)
        assert rule["labels"]["severity"] in {"page", "ticket"}
        assert rule["annotations"]["summary"]


def test_every_alert_is_written_down_and_no_other() -> None:
    written = set(re.findall(r"`(Drempelloos[A-Za-z]+)`", (ROOT / "docs/operations.md").read_text()))

    assert written == {rule["alert"] for group in ALERTS["groups"] for rule in group["rules"]}


def test_the_process_itself_is_measured(server: Server) -> None:
    now = read(server)

    assert now["process_resident_memory_bytes", ()] > 10_000_000
    assert now["process_open_fds", ()] > 5
