"""Settings, read from the environment.

Nothing here is required: without any of it, Aftercare runs on embedded servers below its home.
"""

import functools
from collections.abc import Mapping
from pathlib import Path
from typing import Literal

from pydantic import Field, SecretStr, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

DEFAULT_NAMESPACE = "default"
DEFAULT_TASK_QUEUE = "aftercare"

# Any of these means that Temporal's own environment configuration names the server.
TEMPORAL_PROFILE_VARIABLES = ("TEMPORAL_PROFILE", "TEMPORAL_CONFIG_FILE")


class Settings(BaseSettings):
    """One field an environment variable of the same name (upper case).

    Relative paths count from the working directory. `temporal_namespace` is None when nothing
    names one; a Temporal profile may still do so.
    """

    model_config = SettingsConfigDict(
        env_prefix="", extra="ignore", frozen=True, env_ignore_empty=True, populate_by_name=True
    )

    aftercare_home: Path = Path(".aftercare")
    database_url: SecretStr | None = None
    database_pool_size: int = Field(10, ge=2, le=200)
    temporal_address: str | None = None
    temporal_namespace: str | None = None
    temporal_profile: str | None = None
    temporal_config_file: Path | None = None
    temporal_port: int | None = Field(None, ge=1, le=65535)
    temporal_ui_port: int | None = Field(None, ge=1, le=65535)
    postgres_port: int | None = Field(None, ge=1, le=65535)
    task_queue: str = DEFAULT_TASK_QUEUE
    policies_dir: Path = Path(__file__).resolve().parent.parent / "policies"
    workflow_sandbox: bool = True
    worker_max_cached_workflows: int = Field(1000, ge=1)
    worker_max_workflow_tasks: int = Field(100, ge=2)
    worker_max_activities: int = Field(100, ge=1)
    worker_drain_seconds: float = Field(30, gt=0)
    log_level: Literal["debug", "info", "warning", "error"] = "info"
    log_format: Literal["auto", "json", "console"] = "auto"

    @field_validator("aftercare_home", "policies_dir")
    @classmethod
    def _absolute(cls, value: Path) -> Path:
        return value.expanduser().resolve()

    @field_validator("log_level", mode="before")
    @classmethod
    def _any_case(cls, value: object) -> object:
        return value.lower() if isinstance(value, str) else value

    @property
    def has_own_database(self) -> bool:
        """True when a real Postgres is named, so that none is embedded."""
        return self.database_url is not None

    @property
    def has_own_temporal(self) -> bool:
        """True when a real Temporal server is named, so that none is embedded."""
        return (
            self.temporal_address is not None
            or self.temporal_profile is not None
            or self.temporal_config_file is not None
        )


@functools.cache
def settings() -> Settings:
    """The settings of this process; read once."""
    return Settings()


def settings_from(environment: Mapping[str, str]) -> Settings:
    """Settings from an explicit environment, for tests and for children with another home."""
    known = {
        name: environment[name.upper()]
        for name in Settings.model_fields
        if environment.get(name.upper())
    }
    return Settings.model_validate(known)
