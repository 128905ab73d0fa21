"""A service: its Deployment or StatefulSet, and all that lets it run, scale, be reached and be disrupted safely."""

from components.workload.args import ApplicationArgs, HttpProbe, Probes, RollingUpdate, SecretKey, ServicePort
from components.workload.component import Application
from components.workload.controllers import ApplicationGroup, ApplicationGroupArgs
from components.workload.files import ConfigFiles, Directory, PodFiles, SecretFiles, Storage
from components.workload.scaling import CustomMetric, Replicas, Vertical

__all__ = [
    "Application",
    "ApplicationArgs",
    "ApplicationGroup",
    "ApplicationGroupArgs",
    "ConfigFiles",
    "CustomMetric",
    "Directory",
    "HttpProbe",
    "PodFiles",
    "Probes",
    "Replicas",
    "RollingUpdate",
    "SecretFiles",
    "SecretKey",
    "ServicePort",
    "Storage",
    "Vertical",
]
