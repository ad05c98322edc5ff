"""A stand-in for the SYNAQ API: its own process and code, written from the published documents alone."""
