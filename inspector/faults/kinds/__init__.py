"""The faults themselves, by the stage that they break: a module here with ``FAULTS`` is found by the catalogue."""
