"""One file = one registry's known behaviour, by what it sends. Knows: wire and core. Must not know: rules, I/O.

A module of this package with a ``REGISTRY`` is one; ``known`` finds them. What a registry does by design relaxes a rule there,
with the reason stated: the list of checks repeats it. The facts are those of the registries' own documents and of traffic that others
published; the date in a docstring is that of the newest.
"""
