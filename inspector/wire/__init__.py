"""What the bytes mean: the grammars and tables of the specifications, without state and without I/O.

Knows: RFC 9110, RFC 3986, the OCI specifications, the Docker token documents. Must not know: exchanges, pulls, rules,
clocks, files, sockets. Every input is a peer's and may be hostile: a parser answers with a value, or with None where
the text is not of its grammar, and never raises.
"""
