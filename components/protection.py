"""What keeps data from going with whatever it is in.

Who declares data says so: `protect` of its arguments. What holds the data, and what it cannot come back without, gets
the same two options. The namespace learns of it by the footprint of what is in it, which its quota is made of already.
"""

from __future__ import annotations

import pulumi


def kept(protect: bool, opts: pulumi.ResourceOptions) -> pulumi.ResourceOptions:
    """The options with both that keep a resource: no update deletes it, and its object stays when a stack goes.

    Without `protect` they are returned as they are.
    """
    if not protect:
        return opts
    return pulumi.ResourceOptions.merge(opts, pulumi.ResourceOptions(protect=True, retain_on_delete=True))
