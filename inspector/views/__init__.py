"""What registries send, laid out for mitmproxy's own windows.

Knows: mitmproxy's content views, the wire's grammars, the report. Must not know: the recorder, the mirror.
"""
