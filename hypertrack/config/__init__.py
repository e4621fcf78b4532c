"""Settings: what can be set (`sections`), and where each value came from (`loading`)."""

from hypertrack.config.delivery import SinkSettings, signing_key
from hypertrack.config.live import (
    EVENT_FIELDS,
    MIN_ORDER_USD,
    AlertSettings,
    ChallengeSettings,
    ConsensusSettings,
    EventField,
    FollowSettings,
    LiveSettings,
    WatchlistSettings,
)
from hypertrack.config.loading import CONFIG_NAME, Config, Origin, load_config
from hypertrack.config.places import DatabaseUrl, parse_place
from hypertrack.config.sections import (
    DashboardSettings,
    FeatureSettings,
    FeeSettings,
    RecordSettings,
    ReportSettings,
    Settings,
    SimulateSettings,
    Skill,
    VenueSettings,
)
from hypertrack.config.serving import ServeSettings, is_loopback
from hypertrack.config.skill import CopySettings, SkillSettings
from hypertrack.config.state import state_folder
from hypertrack.config.thresholds import CategorySettings, Edition
from hypertrack.config.train import ORIGINAL, TrainSettings

__all__ = [
    "CONFIG_NAME",
    "EVENT_FIELDS",
    "MIN_ORDER_USD",
    "ORIGINAL",
    "AlertSettings",
    "CategorySettings",
    "ChallengeSettings",
    "Config",
    "ConsensusSettings",
    "CopySettings",
    "DashboardSettings",
    "DatabaseUrl",
    "Edition",
    "EventField",
    "FeatureSettings",
    "FeeSettings",
    "FollowSettings",
    "LiveSettings",
    "Origin",
    "RecordSettings",
    "ReportSettings",
    "ServeSettings",
    "Settings",
    "SimulateSettings",
    "SinkSettings",
    "Skill",
    "SkillSettings",
    "TrainSettings",
    "VenueSettings",
    "WatchlistSettings",
    "is_loopback",
    "load_config",
    "parse_place",
    "signing_key",
    "state_folder",
]
