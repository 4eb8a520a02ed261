"""What the embedded servers leave on disk, and how they cope with what they find there."""

import os
import socket
from pathlib import Path

import asyncpg
import psutil
import pytest
from pydantic import SecretStr

from runtime.embedded import identity
from runtime.embedded.children import ChildFailed, free_ports
from runtime.embedded.home import HomeInUse, exclusive
from runtime.embedded.identity import Identity, reachable_copy
from runtime.embedded.postgres import EmbeddedPostgres
from runtime.embedded.temporal_server import EmbeddedTemporal
from runtime.settings import settings_from
from runtime.stack import NoStack, Stack, published, resolve_stack, running_stack

NOBODY = Identity(65534, 65534)


@pytest.fixture
def home(server_folder: Path) -> Path:
    """A home that the Postgres user can reach."""
    folder = server_folder / f"home-{len(list(server_folder.iterdir()))}"
    folder.mkdir()
    return folder


def test_a_home_serves_one_stack_at_a_time(home: Path) -> None:
    with exclusive(home):
        with pytest.raises(HomeInUse) as refusal, exclusive(home):
            pass
        assert refusal.value.pid == os.getpid()
    with exclusive(home):
        pass


async def test_a_stale_pid_file_is_no_obstacle(home: Path) -> None:
    async with EmbeddedPostgres(home, durable=False) as server:
        folder = server.folder
    # As after a crash of the machine: the number belongs to another program by now.
    (folder / "data" / "postmaster.pid").write_text(f"{os.getpid()}\n{folder / 'data'}\n0\n")
    async with EmbeddedPostgres(home, durable=False) as server:
        connection = await asyncpg.connect(server.url)
        assert await connection.fetchval("SELECT 1") == 1
        await connection.close()


async def test_a_half_made_cluster_is_made_anew(home: Path) -> None:
    half = home / "postgres" / "data.new"
    half.mkdir(parents=True)
    (half / "PG_VERSION").write_text("18\n")
    async with EmbeddedPostgres(home, durable=False) as server:
        assert not half.exists()
        assert (server.folder / "data" / "PG_VERSION").exists()
        assert (server.folder / "password").stat().st_mode & 0o777 == 0o600


async def test_a_fixed_port_is_taken_or_its_loss_is_told(home: Path) -> None:
    [port] = free_ports(1)
    async with EmbeddedPostgres(home, port=port, durable=False) as server:
        assert server.port == port
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        taken = other.getsockname()[1]
        with pytest.raises(ChildFailed, match=f"did not start on port {taken}"):
            async with EmbeddedPostgres(home, port=taken, durable=False):
                pass


async def test_the_state_of_another_temporal_is_kept_aside(home: Path) -> None:
    folder = home / "temporal"
    folder.mkdir()
    (folder / "version").write_text("0.9.0\n")
    (folder / "state.db").write_text("from another version")
    async with EmbeddedTemporal(home, ui=False) as server:
        assert server.set_aside == folder / "state-0.9.0.db"
        assert server.set_aside.read_text() == "from another version"
    async with EmbeddedTemporal(home, ui=False) as server:
        assert server.set_aside is None


def test_binaries_that_cannot_be_reached_are_copied_whole(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    installed, names = home / "closed", ("server", "server.libs", "not there")
    for file in ("server/bin/postgres", "server.libs/libpq.so", "other/secret"):
        (installed / file).parent.mkdir(parents=True)
        (installed / file).write_text(file)
    (installed / "server" / "bin" / "postgres").chmod(0o700)
    installed.chmod(0o700)
    monkeypatch.setattr(identity, "SHARED_ROOT", home / "shared")
    cut_short = home / "shared" / ".binaries-18.new" / "server"
    cut_short.mkdir(parents=True)

    assert reachable_copy(installed, names, "18", None) == installed
    copy = reachable_copy(installed, names, "18", NOBODY)
    assert copy == home / "shared" / "binaries-18"
    assert (copy / "server.libs" / "libpq.so").read_text() == "server.libs/libpq.so"
    assert (copy / "server" / "bin" / "postgres").stat().st_mode & 0o777 == 0o755
    assert not (copy / "other").exists()
    assert not cut_short.exists()
    assert reachable_copy(installed, names, "18", NOBODY) == copy


def test_a_published_stack_is_found_until_it_ends(home: Path) -> None:
    chosen = settings_from({"AFTERCARE_HOME": str(home)})
    with pytest.raises(NoStack):
        resolve_stack(chosen)
    stack = _stack_of_this_process(home)
    with published(stack):
        assert (home / "stack.json").stat().st_mode & 0o777 == 0o600
        assert resolve_stack(chosen) == stack
        mixed = resolve_stack(
            settings_from({"AFTERCARE_HOME": str(home), "DATABASE_URL": "postgresql://db/a"})
        )
        assert mixed.database_url.get_secret_value() == "postgresql://db/a"
        assert mixed.temporal_address == stack.temporal_address
    assert running_stack(home) is None


def test_named_servers_need_no_stack(home: Path) -> None:
    named = resolve_stack(
        settings_from(
            {
                "AFTERCARE_HOME": str(home),
                "DATABASE_URL": "postgresql://db/a",
                "TEMPORAL_ADDRESS": "temporal:7233",
            }
        )
    )
    assert named.temporal_address == "temporal:7233"
    assert not named.embedded_temporal


def test_a_stack_whose_number_another_program_has_now_is_not_running(home: Path) -> None:
    stack = _stack_of_this_process(home)
    stack.started_at -= 3600
    with published(stack):
        assert running_stack(home) is None


def _stack_of_this_process(home: Path) -> Stack:
    return Stack(
        home=home,
        pid=os.getpid(),
        started_at=psutil.Process().create_time(),
        database_url=SecretStr("postgresql://a:secret@127.0.0.1:1/a"),
        temporal_address="127.0.0.1:2",
    )
