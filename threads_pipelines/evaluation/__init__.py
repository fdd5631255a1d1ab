"""How good it is: temporal split, metrics with confidence intervals, baselines and the gate."""
