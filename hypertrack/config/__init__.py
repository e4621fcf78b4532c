"""Settings: what can be set (`sections`), and where each value came from (`loading`)."""

from hypertrack.config.loading import CONFIG_NAME, Config, Origin, load_config
from hypertrack.config.places import DatabaseUrl, parse_place
from hypertrack.config.sections import (
    ORIGINAL,
    DashboardSettings,
    FeatureSettings,
    FeeSettings,
    RecordSettings,
    ReportSettings,
    Settings,
    SimulateSettings,
    Skill,
    TrainSettings,
    VenueSettings,
)
from hypertrack.config.skill import CopySettings, SkillSettings
from hypertrack.config.state import state_folder
from hypertrack.config.thresholds import CategorySettings, Edition

__all__ = [
    "CONFIG_NAME",
    "ORIGINAL",
    "CategorySettings",
    "Config",
    "CopySettings",
    "DashboardSettings",
    "DatabaseUrl",
    "Edition",
    "FeatureSettings",
    "FeeSettings",
    "Origin",
    "RecordSettings",
    "ReportSettings",
    "Settings",
    "SimulateSettings",
    "Skill",
    "SkillSettings",
    "TrainSettings",
    "VenueSettings",
    "load_config",
    "parse_place",
    "state_folder",
]
