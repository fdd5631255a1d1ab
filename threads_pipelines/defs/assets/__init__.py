"""The assets, one module a step of the flow, each with its checks."""
