"""Deleting a thing with all below it: `plan` shows it, `start` begins it."""

from provisioning.teardown import Plan, Rank, plan, start

__all__ = ["Plan", "Rank", "plan", "start"]
