"""A service: its Deployment or StatefulSet, and all that lets it run, scale, be reached and be disrupted safely."""

from components.application.args import ApplicationArgs, RollingUpdate, SecretKey
from components.application.component import Application
from components.application.group import ApplicationGroup, ApplicationGroupArgs
from components.application.ports import ServicePort
from components.application.probes import HttpProbe, Probes
from components.application.scaling import CustomMetric, Replicas, Vertical
from components.application.volumes import ConfigFiles, Files, SecretFiles, Storage

__all__ = [
    "Application",
    "ApplicationArgs",
    "ApplicationGroup",
    "ApplicationGroupArgs",
    "ConfigFiles",
    "CustomMetric",
    "Files",
    "HttpProbe",
    "Probes",
    "Replicas",
    "RollingUpdate",
    "SecretFiles",
    "SecretKey",
    "ServicePort",
    "Storage",
    "Vertical",
]
