"""A stateless service: its Deployment, and everything that lets it run, scale, be reached and be disrupted safely."""

from components.application.args import (
    ApplicationArgs,
    HttpProbe,
    Probes,
    Replicas,
    RollingUpdate,
    SecretKey,
)
from components.application.component import Application
from components.application.group import ApplicationGroup, ApplicationGroupArgs

__all__ = [
    "Application",
    "ApplicationArgs",
    "ApplicationGroup",
    "ApplicationGroupArgs",
    "HttpProbe",
    "Probes",
    "Replicas",
    "RollingUpdate",
    "SecretKey",
]
