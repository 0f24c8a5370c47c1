"""The report for machines: values in, bytes out. Knows: core's report. Must not know: the terminal, files, mitmproxy."""
