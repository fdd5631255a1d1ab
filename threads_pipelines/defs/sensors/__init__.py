"""Sensors: alerts on failure or lateness, and the end of runs whose process is gone."""
