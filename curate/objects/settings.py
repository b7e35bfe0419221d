"""The limits of work with files behind URLs; workers on other machines read them from their own environment."""

from __future__ import annotations

import os
from pathlib import Path
from typing import ClassVar

from platformdirs import user_cache_path
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from curate.errors import PipelineError, Problem


class StorageSettings(BaseModel):
    """Set each by an environment variable: `CURATE_STORAGE_` and its name in capitals.

    >>> StorageSettings.from_environment({"CURATE_STORAGE_TRIES": "3"}).tries
    3
    """

    PREFIX: ClassVar[str] = "CURATE_STORAGE_"
    model_config = ConfigDict(frozen=True, extra="forbid")

    scratch: Path = Field(
        default_factory=lambda: user_cache_path("curate") / "scratch",
        description="Folder for local copies of what runs at a URL read and write. [default: in the user's cache]",
    )
    scratch_bytes: int = Field(
        20_000_000_000,
        ge=0,
        description="Copies kept in it for later tasks, bytes; what running tasks use comes on top.",
    )
    tries: int = Field(10, ge=1, description="How often a request is made before its failure ends the task.")
    retry_seconds: float = Field(
        0.2, ge=0, description="The wait before the second try is drawn from 0 to this, seconds; doubled each time."
    )
    max_retry_seconds: float = Field(20.0, ge=0, description="The longest wait between two tries, seconds.")
    timeout_seconds: float = Field(30.0, gt=0, description="S3: silence after which a request is made again, seconds.")
    block_bytes: int = Field(8 << 20, ge=1 << 16, description="The most that one request reads, bytes.")
    connections: int = Field(16, ge=1, description="Requests at a time when many small objects are read.")
    lease_seconds: float = Field(
        60.0, gt=0, description="A run at a URL that was not renewed for so long may be taken over, seconds."
    )

    @classmethod
    def from_environment(cls, environment: os._Environ[str] | dict[str, str] = os.environ) -> StorageSettings:
        """The settings of this process.

        Raises:
            PipelineError: a variable holds no such value, or there is no such setting.
        """
        given = {
            name.removeprefix(cls.PREFIX).lower(): value
            for name, value in environment.items()
            if name.startswith(cls.PREFIX)
        }
        try:
            return cls.model_validate(given)
        except ValidationError as error:
            raise PipelineError(
                [
                    Problem(f"{cls.PREFIX}{str(one['loc'][0]).upper()}", one["msg"], "see docs/storage.md")
                    for one in error.errors()
                ]
            ) from None
