"""The built wheel, installed away from the checkout, runs the demo: page, boundary data and all."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import sysconfig
import time
import urllib.request
import zipfile
from pathlib import Path

import pytest

from tests.e2e.process import ROOT


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Built as a release is."""
    assert (ROOT / "web/vendor/manifest.json").is_file(), "make setup brings the page's third-party files"
    out = tmp_path_factory.mktemp("wheel")
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", str(out)],
        cwd=ROOT,
        check=True,
        capture_output=True,
    )
    [built] = out.glob("*.whl")
    return built


@pytest.fixture(scope="module")
def command(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """`drempelloos` in an environment of its own. The dependencies are borrowed from this one: no network is needed."""
    home = tmp_path_factory.mktemp("home") / "venv"
    subprocess.run([sys.executable, "-m", "venv", str(home)], check=True)
    subprocess.run(
        [home / "bin/python", "-m", "pip", "install", "--quiet", "--no-deps", "--no-index", str(wheel)], check=True
    )
    [packages] = home.glob("lib/python*/site-packages")
    (packages / "borrowed.pth").write_text(sysconfig.get_path("purelib") + "\n")
    return home / "bin/drempelloos"


def test_it_carries_page_and_data_and_nothing_that_is_only_for_building(wheel: Path) -> None:
    names = set(zipfile.ZipFile(wheel).namelist())

    assert "borders/data/benelux.borders" in names
    assert "borders/data/LICENSE" in names
    assert "tracker/web/index.html" in names
    assert "tracker/web/vendor/maplibre-gl/maplibre-gl.mjs" in names
    assert "tracker/treaty/index.toml" in names
    assert not [name for name in names if "node_modules" in name or name.startswith(("tests/", "web/"))]


def test_the_installed_wheel_runs_the_demo(command: Path, tmp_path: Path) -> None:
    environment = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
    with subprocess.Popen(
        [command, "serve", "--demo", "--http", "127.0.0.1:0", "--ws", "127.0.0.1:0"],
        cwd=tmp_path,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as process:
        assert process.stdout is not None
        try:
            ready = json.loads(process.stdout.readline())
            url = ready["http"]
            for name, kind in (("/", "text/html"), ("/vendor/maplibre-gl/maplibre-gl.mjs", "text/javascript")):
                with urllib.request.urlopen(url + name, timeout=10) as answer:
                    assert answer.status == 200
                    assert answer.headers["Content-Type"].startswith(kind)
            session = signed_in(url, ready["sign_in"])
            first = moving(url, session)
            end = time.monotonic() + 10
            while moving(url, session) == first:
                assert time.monotonic() < end, "nothing moves"
                time.sleep(0.5)
        finally:
            process.send_signal(signal.SIGTERM)
            process.communicate(timeout=30)
    assert process.returncode == 0


def signed_in(url: str, link: str) -> dict[str, str]:
    """The cookie that the printed link is worth."""
    assert link.startswith(f"{url}/sign-in?once=")
    with urllib.request.urlopen(link, timeout=10) as page:
        assert b"sign_in.mjs" in page.read()
    body = json.dumps({"once": link.partition("=")[2]}).encode()
    with urllib.request.urlopen(urllib.request.Request(f"{url}/api/v1/session", body), timeout=10) as answer:
        return {"Cookie": answer.headers["Set-Cookie"].partition(";")[0]}


def moving(url: str, session: dict[str, str]) -> dict[str, list[float]]:
    """Where each unit is."""
    end = time.monotonic() + 10
    while True:
        request = urllib.request.Request(f"{url}/api/v1/units", headers=session)
        with urllib.request.urlopen(request, timeout=10) as answer:
            features = json.loads(answer.read())["features"]
        if features:
            return {feature["properties"]["unit"]: feature["geometry"]["coordinates"] for feature in features}
        assert time.monotonic() < end, "no unit within 10 s of ready"
        time.sleep(0.2)
