"""Faults on purpose: one named thing of a pull is broken in transit, so that people see what their client and mirror do."""
