"""What happened: events, exchanges, stages, pulls, and the engine that puts them together. Sans-io, no clock."""
