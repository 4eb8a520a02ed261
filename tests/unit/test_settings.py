"""Settings come from the environment; nothing is needed."""

from pathlib import Path

import pytest
from pydantic import ValidationError

from runtime.settings import settings_from


def test_nothing_set_means_embedded() -> None:
    chosen = settings_from({})
    assert not chosen.has_own_database
    assert not chosen.has_own_temporal
    assert chosen.aftercare_home == Path.cwd() / ".aftercare"


@pytest.mark.parametrize("name", ["TEMPORAL_ADDRESS", "TEMPORAL_PROFILE", "TEMPORAL_CONFIG_FILE"])
def test_any_word_about_temporal_takes_a_real_server(name: str) -> None:
    assert settings_from({name: "shop"}).has_own_temporal


def test_a_password_is_not_printed() -> None:
    chosen = settings_from({"DATABASE_URL": "postgresql://a:secret@db/a"})
    assert chosen.has_own_database
    assert "secret" not in repr(chosen)


def test_an_empty_variable_is_no_setting() -> None:
    assert not settings_from({"TEMPORAL_ADDRESS": ""}).has_own_temporal


def test_a_wrong_value_names_its_field() -> None:
    with pytest.raises(ValidationError, match="postgres_port"):
        settings_from({"POSTGRES_PORT": "70000"})
