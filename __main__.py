"""The Pulumi program: load the stack's environment, build it, export its outputs."""

import pulumi

from components.performance import no_stack_traces, quiet_debug, settle
from policy.engine.admission import admission_specs
from stacks.environment import build
from stacks.schema.environment import load


async def main(*, rendering: bool = False) -> dict[str, object]:
    """Build the environment; returns the stack's outputs.

    `rendering` is for `ops render`: where Argo CD delivers the environment, it is given the objects that Argo CD is to
    sync, in place of those that tell Argo CD of it.
    """
    with quiet_debug():
        with no_stack_traces():
            outputs = build(load(rendering=rendering), admission_specs())
        await settle()
    return outputs


if __name__ == "__main__":
    pulumi.run(main)
