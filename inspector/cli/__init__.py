"""The command line: one file a command; commands only parse, call and print."""
