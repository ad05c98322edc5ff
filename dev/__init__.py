"""Start, stop and test Mailroom on one machine: servers, processes, secrets. No part of the program itself."""
