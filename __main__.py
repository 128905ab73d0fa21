"""The Pulumi program: load the stack's environment, build it, export its outputs."""

import pulumi

from components.performance import no_stack_traces, quiet_debug, settle
from policy.engine.admission import admission_specs
from stacks.environment import build
from stacks.schema.environment import load


async def main() -> dict[str, object]:
    """Build the environment; returns the stack's outputs."""
    with quiet_debug():
        with no_stack_traces():
            outputs = build(load(), admission_specs())
        await settle()
    return outputs


pulumi.run(main)
