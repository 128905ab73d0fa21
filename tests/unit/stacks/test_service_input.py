"""Services that contradict themselves: everything wrong is said at once, with its place, before anything is registered.

The files announce their own mistakes, as in `test_bad_input.py`.
"""

from __future__ import annotations

import pytest

from tests.unit.scratch import Scratch
from tests.unit.stacks import test_bad_input
from tests.unit.stacks.test_bad_input import ASTRBOT, HEAD, SERVICE

START = f"{HEAD}{ASTRBOT}"
LINES = SERVICE.replace(", ", "\n          ")
AT = "systems.astrbot.services[0]"

FILES = {
    "requests above their limits": f"""\
{START}\
      services:
        - name: x
          replicas: 2
          cpu: 1
          memory: 1Gi
          cpu_request: 1500m  #! {AT}.cpu_request | 1500m is above the limit, cpu: 1; raise the limit
          memory_request: 2Gi  #! {AT}.memory_request | 2Gi is above the limit, memory: 1Gi
        - name: y
          {LINES}
          cpu_request: 500m
      sizes:
        y:
          cpu: 250m  #! systems.astrbot.sizes.y.cpu | 500m is above the limit, cpu: 250m
""",
    "ports that lead nowhere": f"""\
{START}\
      services:
        - name: x
          {LINES}
          ports: {{http: 8080, admin: 8081}}
          service_ports:
            http: 80
            web: 81  #! {AT}.service_ports.web | there is no port 'web' that it could lead to; ports are: http, admin
            metrics: {{port: 9090, target: htp}}  #! {AT}.service_ports.metrics.target | there is no port 'htp'
            other: {{port: 8081, target: http}}  #! {AT}.service_ports.other | port 8081 is taken by 'admin'
          metrics:
            - port: jmx  #! {AT}.metrics[0].port | there is no port 'jmx'; ports are: http, admin, web, metrics, other
              interval: soon  #! {AT}.metrics[0].interval | 30s, 5m or 1h
              path: metrics  #! {AT}.metrics[0].path | start with '/'
          probes:
            liveness:
              port: health  #! {AT}.probes.liveness.port | there is no port 'health'
              failures: 0  #! {AT}.probes.liveness.failures | at least 1
            startup: {{path: /, tcp: true}}  #! {AT}.probes.startup.path | only opens a connection
            ready: {{}}  #! {AT}.probes.ready | allowed are: liveness, readiness, startup
""",
    "autoscaling that cannot be": f"""\
{START}\
      services:
        - name: x
          replicas: 3
          cpu: 1
          memory: 1Gi
          autoscaled: false  #! {AT}.autoscaled | remove one of the two
          autoscaling:
            maximum: 3  #! {AT}.autoscaling.maximum | no room above the minimum of 3
            cpu_percent: 120  #! {AT}.autoscaling.cpu_percent | at most 100
            pods:
              - {{name: queue, average_value: 10}}
              - {{name: queue, average_value: none}}  #! {AT}.autoscaling.pods[1].name | there already, as pods[0] \
#! {AT}.autoscaling.pods[1].average_value | number above 0
            objects:
              - {{name: p95, value: 500m, service: y}}  #! {AT}.autoscaling.objects[0].service | there is no service 'y'
            external:
              - {{name: lag, query: "sum(lag", value: 1}}  #! {AT}.autoscaling.external[0].query | does not parse
              - {{name: lags, query: sum(lag)}}  #! {AT}.autoscaling.external[1].value | needs one of 'value'
            behavior:
              scale_up:
                policies:
                  - {{percent: 10, pods: 1, period: 60}}  #! \
{AT}.autoscaling.behavior.scale_up.policies[0].percent | needs one of 'percent'
                  - {{pods: 1, period: 1h}}  #! {AT}.autoscaling.behavior.scale_up.policies[1].period | at most 1800
                select: most  #! {AT}.autoscaling.behavior.scale_up.select | 'max', 'min' or 'disabled'
        - name: z
          {LINES}
          autoscaling:
            cpu_percent: null  #! systems.astrbot.services[1].autoscaling.cpu_percent | nothing to scale by
            memory_percent: null
          vertical:
            mode: always  #! systems.astrbot.services[1].vertical.mode | 'off', 'initial'
            minimum: {{cpu: 2}}  #! systems.astrbot.services[1].vertical.minimum.cpu | 2 is above the maximum of 1
            maximum: {{cpu: 1}}
""",
    "what keeps data": f"""\
{START}\
      services:
        - name: x
          replicas: 2  #! {AT}.replicas | 1 pod can mount the volume of 'storage', and not 2
          cpu: 1
          memory: 1Gi
          storage: {{path: data, size: 1Gi}}  #! {AT}.storage.path | absolute
          autoscaling: {{maximum: 4}}  #! {AT}.autoscaling | use 'kind: stateful'
          release: {{strategy: blue-green}}  #! {AT}.release.strategy | cannot be mounted by two versions
          rollout: {{max_surge: 1}}  #! {AT}.rollout.max_surge | gone before the next one starts
          pod_management: parallel  #! {AT}.pod_management | 'kind: stateful'
        - name: y
          kind: stateful
          {LINES}
          release: {{strategy: blue-green}}  #! systems.astrbot.services[1].release.strategy | two versions at a time
          rollout: {{max_unavailable: 1}}  #! systems.astrbot.services[1].rollout.max_unavailable | one by one
        - name: y-headless  #! systems.astrbot.services[2].name | another object of the system's own
          {LINES}
        - name: {"n" * 53}  #! systems.astrbot.services[3].name | at most 52
          kind: stateful
          {LINES}
        - name: w
          {LINES}
          storage: {{path: /data, size: 1Gi}}
      sizes:
        w: {{replicas: 2}}  #! systems.astrbot.sizes.w.replicas | 1 pod can mount
        api-gateway: {{storage: 1Gi}}  #! systems.astrbot.sizes.api-gateway.storage | has no storage
""",
    "files that clash or do not exist": f"""\
{START}\
      services:
        - name: x
          {LINES}
          directories:
            - path: /tmp  #! {AT}.directories[0].path | taken by the scratch space
            - {{path: /cache}}
            - {{path: ../x}}  #! {AT}.directories[2].path | no path
          secret_files:
            - {{path: /cache, files: {{a: JWT_SECRET}}}}  #! {AT}.secret_files[0].path | taken by directories.1
            - {{path: /keys, files: {{a: KEY}}}}  #! {AT}.secret_files[1].files.a | there is no secret 'KEY'
          config_files:
            - {{path: /etc/x, files: {{a/b: x}}}}  #! {AT}.config_files[0].files.a/b | no file name
          environment: {{JWT_SECRET: x, 1A: x}}  #! {AT}.environment.JWT_SECRET | 'secrets' too \
#! {AT}.environment.1A | no variable's name
          secrets: [JWT_SECRET]
          rollout:
            max_surge: 0  #! {AT}.rollout.max_surge | no step to take
            max_unavailable: 0%
            drain: -1  #! {AT}.rollout.drain | whole number
""",
}


@pytest.mark.parametrize("name", FILES)
def test_everything_wrong_with_a_service_is_said_at_once(scratch: Scratch, name: str) -> None:
    """What contradicts itself would be refused by the API half-way, or run as nobody meant."""
    test_bad_input.test_every_mistake_is_reported_with_its_line_its_path_and_what_is_allowed(scratch, FILES[name])
