"""What a person sees: one renderable a file, each of a Pull or a Report, drawn with rich.

Knows: core's values, rich. Must not know: files' formats, the engine, the command line. Nothing here reads a clock, and
no string of recorded data is ever parsed as markup or made into a link.
"""
