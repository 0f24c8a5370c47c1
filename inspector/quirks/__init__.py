"""One file = one registry's known behaviour, by what it sends. Knows: wire and core. Must not know: rules' order, I/O.

Empty so far: what the rules need today stands as a table in ``inspector.rules.known``.
"""
