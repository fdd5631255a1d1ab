"""The parts of a development stack, started from wheels; nothing that production needs."""
