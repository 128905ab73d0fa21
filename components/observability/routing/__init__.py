"""Who is told of an alert: receivers, the tree of routes, inhibition and maintenance windows, as data."""

from components.observability.routing.channels import (
    Email,
    PagerDuty,
    Receiver,
    SecretKey,
    Slack,
    Webhook,
    WeCom,
)
from components.observability.routing.tree import Inhibition, Matcher, Route, Routing, Window

__all__ = [
    "Email",
    "Inhibition",
    "Matcher",
    "PagerDuty",
    "Receiver",
    "Route",
    "Routing",
    "SecretKey",
    "Slack",
    "WeCom",
    "Webhook",
    "Window",
]
