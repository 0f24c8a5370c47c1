"""See what a container image pull does on the wire: recorded, classified, verified and explained."""
