"""Recording while traffic flows: bodies streamed and hashed, captures written, failed connections kept."""
