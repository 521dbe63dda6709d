"""The shipped compose file, image and broker configuration agree with the code and each other."""

import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml
from typer.testing import CliRunner

from alerting.settings import AlertingSettings
from devices.wire import KIND_COMMAND, KIND_RECEIPT, KIND_STATUS
from hjemmepuls.cli import app
from hjemmepuls.reference import environment_names
from ingest.decode import KINDS
from ingest.limits import BATCH_DELIVERIES_MAX, BROKER_INFLIGHT, PAYLOAD_BYTES_MAX
from ingest.settings import IngestSettings
from ingest.watch import DROPPED, STRAYS

ROOT = Path(__file__).parent.parent
OURS = ("enrol", "ingest", "alerting", "deliver", "devices")


@pytest.fixture(scope="module")
def compose() -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
    return found


def broker_settings() -> dict[str, str]:
    lines = (ROOT / "deploy" / "mosquitto.conf").read_text().splitlines()
    pairs = [line.split(maxsplit=1) for line in lines if line and not line.startswith("#")]
    return {key: value for key, value in pairs if key != "log_type"}


def test_services_are_there(compose: dict[str, Any]) -> None:
    assert set(compose["services"]) == {"passwords", "broker", *OURS}


def test_nothing_listens_beyond_loopback(compose: dict[str, Any]) -> None:
    for name, service in compose["services"].items():
        assert "ports" not in service, f"{name} publishes a port"
        assert service["network_mode"] in ("host", "none")
    assert broker_settings()["listener"] == "1883 127.0.0.1"
    for host in ("0.0.0.0", "192.168.1.2", "::"):
        with pytest.raises(ValueError, match="only a loopback address"):
            AlertingSettings(http_host=host)


def test_commands_exist_and_take_their_options(compose: dict[str, Any]) -> None:
    runner = CliRunner()
    for name in ("ingest", "alerting", "deliver", "devices"):
        command = compose["services"][name]["command"]
        usage = runner.invoke(app, [command[0], "--help"]).output
        assert "Usage" in usage
        for option in command[1:]:
            if option.startswith("--"):
                assert option in usage, f"{name} has no {option}"


def test_environment_names_are_settings(compose: dict[str, Any]) -> None:
    known = set(environment_names())
    for name, service in compose["services"].items():
        assert set(service.get("environment", {})) <= known, name


def test_health_is_asked_of_what_knows(compose: dict[str, Any]) -> None:
    checks = {
        name: " ".join(compose["services"][name]["healthcheck"]["test"])
        for name in ("ingest", "alerting", "broker")
    }
    assert "/health/ready" in checks["alerting"]
    assert checks["ingest"] == "CMD hjemmepuls status --ingest"
    assert "--ingest" in CliRunner().invoke(app, ["status", "--help"]).output


def test_dependencies_and_volumes_are_declared(compose: dict[str, Any]) -> None:
    for service in compose["services"].values():
        assert set(service.get("depends_on", {})) <= set(compose["services"])
        for volume in service.get("volumes", []):
            source = volume.split(":")[0]
            assert source in compose["volumes"] or (ROOT / source).exists()


def test_no_secret_is_shipped() -> None:
    text = (ROOT / "docker-compose.yml").read_text()
    for line in text.splitlines():
        if "PASSWORD:" in line:
            assert "${HJEMMEPULS_BROKER_PASSWORD:?" in line


def test_broker_configuration_fits_ingest() -> None:
    settings = broker_settings()
    assert int(settings["max_inflight_messages"]) == BROKER_INFLIGHT >= BATCH_DELIVERIES_MAX
    assert int(settings["message_size_limit"]) > PAYLOAD_BYTES_MAX
    assert settings["allow_anonymous"] == "false"
    assert settings["persistence"] == "true"


def test_every_user_of_the_acl_gets_a_password(compose: dict[str, Any]) -> None:
    users = set(re.findall(r"^user (\S+)$", (ROOT / "deploy" / "acl").read_text(), re.MULTILINE))
    (script,) = compose["services"]["passwords"]["command"]
    created = re.search(r"for user in ([a-z ]+);", script)
    assert created
    assert set(created[1].split()) == users == {"ingest", "watch", "alerting", "devices"}
    for name in ("ingest", "alerting"):
        assert compose["services"][name]["environment"]["HJEMMEPULS_BROKER_USER"] == name


def test_every_kind_that_is_taken_may_be_sent_and_read() -> None:
    """Gateways and the simulated fleet may write what ingest takes; ingest may and does read it."""
    acl = (ROOT / "deploy" / "acl").read_text()
    users = dict(re.findall(r"^user (\S+)\n((?:topic .*\n)+)", acl, re.MULTILINE))
    for kind in KINDS:
        assert f"pattern write hm/v1/+/+/%u/+/{kind}\n" in acl
        assert f"topic write hm/v1/+/+/+/+/{kind}\n" in users["devices"]
        assert f"topic read hm/v1/+/+/+/+/{kind}\n" in users["ingest"]
    assert IngestSettings().subscriptions() == [f"hm/v1/+/+/+/+/{kind}" for kind in KINDS]


def test_the_watch_hears_what_nobody_else_takes_and_says_nothing() -> None:
    acl = (ROOT / "deploy" / "acl").read_text()
    users = dict(re.findall(r"^user (\S+)\n((?:topic .*\n)+)", acl, re.MULTILINE))
    denied = set(re.findall(r"topic deny hm/v1/\+/\+/\+/\+/(\S+)", users["watch"]))
    assert denied == {*KINDS, KIND_STATUS, KIND_RECEIPT, KIND_COMMAND}
    assert "write" not in users["watch"]
    assert {STRAYS, DROPPED} == set(re.findall(r"topic read (\S+)", users["watch"]))


def test_image_installs_what_is_pinned() -> None:
    """Every COPY names something of the tree; the install is constrained; nobody is root."""
    text = (ROOT / "deploy" / "Dockerfile").read_text()
    instructions = re.findall(r"^([A-Z]+) (.*)$", text.replace("\\\n", " "), re.MULTILINE)
    assert next(name for name, _ in instructions) == "FROM"
    assert re.fullmatch(r"python:\d+\.\d+-slim", instructions[0][1])
    for name, arguments in instructions:
        if name == "COPY":
            for source in arguments.split()[:-1]:
                assert (ROOT / source).exists(), source
    assert any(name == "RUN" and "--constraint constraints.txt" in text for name, _ in instructions)
    users = [arguments for name, arguments in instructions if name == "USER"]
    assert users == ["hjemmepuls"]


def test_constraints_pin_versions_and_name_no_address() -> None:
    for line in (ROOT / "constraints.txt").read_text().splitlines():
        assert re.fullmatch(r"[A-Za-z0-9._\-]+==[A-Za-z0-9.+!]+", line), line


@pytest.mark.skipif(shutil.which("docker") is None, reason="install the docker client: docker-cli")
def test_compose_reads_it() -> None:
    """Compose's own reading of the file, where its client is installed."""
    done = subprocess.run(
        ["docker", "compose", "-f", str(ROOT / "docker-compose.yml"), "config", "--quiet"],
        env={"PATH": "/usr/bin:/usr/local/bin:/bin", "HJEMMEPULS_BROKER_PASSWORD": "x"},
        capture_output=True,
        text=True,
    )
    if "is not a docker command" in done.stderr or "unknown shorthand" in done.stderr:
        pytest.skip("install the compose plugin: docker-compose-plugin")
    assert done.returncode == 0, done.stderr
