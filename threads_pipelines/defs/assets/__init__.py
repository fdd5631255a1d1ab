"""The assets, one module for each step of the flow, with their checks."""
