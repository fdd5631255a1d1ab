"""Sensors: alerts on failure or lateness, and the end of abandoned runs."""
