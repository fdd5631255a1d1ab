"""Which feed works better: assignment, uplift, power and the sample-ratio check."""
