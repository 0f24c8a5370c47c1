"""From mitmproxy's flows, flow files and HAR files to the events of the core.

Knows: mitmproxy's flow objects and files, HAR, what is secret. Must not know: pulls, how anything is shown.
Here, and only here, text is cleaned and secrets become pseudonyms: nobody behind it redacts again.
"""
