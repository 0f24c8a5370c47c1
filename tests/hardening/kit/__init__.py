"""What the hardening tests share."""
