"""Start, stop and test Mailroom on one machine: servers, processes, secrets. Not part of the program."""
