"""The installed command, run as a process."""
