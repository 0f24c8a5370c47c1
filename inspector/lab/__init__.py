"""The embedded hub and what uses it: a registry, a token service and a CDN under TLS, a pull client, the demo."""
