"""What lets a pull through in a script: thresholds, ignored codes, a baseline. Knows: findings. Must not know: formats, terminals."""
