"""The mirror: what a registry mirror decides, and the means by which it does it.

Everything beside ``io`` is pure: a request, the configuration and what is known go in, a decision comes out; it imports
no mitmproxy, asyncio or sockets. ``io`` talks to upstreams. ``addons/mirror.py`` applies decisions to flows.
"""
