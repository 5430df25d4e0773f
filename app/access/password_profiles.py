"""What a password has to be: dated data with its citation, chosen by the settings."""

from functools import cache
from pathlib import Path
from typing import Final

import yaml
from pydantic import BaseModel, ConfigDict

from app.config import Settings

FOLDER: Final = "passwords"


class PasswordProfile(BaseModel):
    """One profile. Lengths in characters; `min_classes` counts capitals, small letters, digits and others.

    `rotation_days` None lets a password live for ever; `history` is the number of earlier ones that may not come back.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    label: str
    citation: str
    min_length: int
    max_length: int
    min_classes: int
    rotation_days: int | None
    history: int


def profile_of(settings: Settings) -> PasswordProfile:
    """The profile that holds here."""
    return _read(settings.seed_path / FOLDER / "profiles.yaml")[settings.password_profile]


@cache
def _read(file: Path) -> dict[str, PasswordProfile]:
    profiles = yaml.safe_load(file.read_text(encoding="utf-8"))
    return {name: PasswordProfile.model_validate(profile) for name, profile in profiles.items()}
