"""What the Pulumi engine that the sandbox builds needs beside itself: plugins, and where it finds them.

The plugin of pulumi-random is served by no registry of modules: `random_stand_in` stands in for it, for the sandbox and
for tests alone. `install` makes a folder in which the engine finds the plugins that were built.
"""
